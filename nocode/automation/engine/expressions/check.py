"""Checks the expressions of a configuration before anything runs."""

from typing import Any

import quickjs

from nocode.automation.engine.expressions.answers import syntax_error_of
from nocode.automation.engine.expressions.errors import ExpressionError
from nocode.automation.engine.expressions.realm import Realm
from nocode.automation.engine.expressions.template import compile_code, compile_template, walk

SECONDS = 0.2
Path = tuple[str | int, ...]


def find_errors(value: Any) -> list[tuple[Path, ExpressionError]]:
    """Every badly written expression of a configuration, with the path of its text. Nothing is evaluated."""
    errors: list[tuple[Path, ExpressionError]] = []
    realm: Realm | None = None
    for path, text in walk(value):
        try:
            codes = compile_template(text).codes
        except ExpressionError as error:  # where the next one begins is not known
            errors.append((path, error))
            continue
        for code in codes:
            realm = realm or Realm(SECONDS)
            try:
                compile_in(realm, code.source)
            except ExpressionError as error:
                errors.append((path, error))
    return errors


def find_error(source: str) -> ExpressionError | None:
    """What is badly written in one bare expression. Nothing is evaluated."""
    try:
        compile_code(source)
        compile_in(Realm(SECONDS), source)
    except ExpressionError as error:
        return error
    return None


def steps_read(value: Any) -> set[str]:
    """Keys of the steps that the expressions of a configuration plainly read; badly written ones count for nothing."""
    found: set[str] = set()
    for _path, text in walk(value):
        try:
            found |= {key for code in compile_template(text).codes for key in code.steps or ()}
        except ExpressionError:
            continue
    return found


def compile_in(realm: Realm, source: str) -> None:
    """Compile the expression in the realm. Raises ExpressionSyntaxError."""
    try:
        realm.compile(source)
    except quickjs.JSException as error:
        raise syntax_error_of(error, source) from None
