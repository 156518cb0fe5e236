"""What the engine answered, as a Python value or as an error that people understand."""

import json
import re
from typing import Any

import quickjs
from django.utils.translation import gettext as _

from nocode.automation.engine.expressions.errors import ExpressionError, ExpressionLimit, ExpressionSyntaxError
from nocode.automation.engine.expressions.realm import LARGEST_RESULT, MEGABYTE, MEMORY

CALLED = re.compile(r"__expression__ \(<\w+>:(\d+):(\d+)\)")
WRITTEN = re.compile(r"at <\w+>:(\d+):(\d+)")


def value_of(answer: str, source: str) -> Any:
    """The Python value of an answer of `Realm.run`. NaN and the infinities are None, as in JSON."""
    kind = answer[0]
    if kind == "u":
        if answer == "uundefined":
            return None
        hint = (
            _("it gives a function: are the parentheses missing?") if answer == "ufunction" else _("it gives a symbol.")
        )
        raise ExpressionError(hint, source)
    if kind == "l":
        raise ExpressionLimit(_("the result is larger than %d MB.") % (LARGEST_RESULT // MEGABYTE), source)
    if kind == "e":
        raise failure(*json.loads(answer[1:]), source)
    value = json.loads(answer)
    return _whole(value) if "\\ud" in answer else value


def text_of(answer: str, source: str) -> str:
    """The same as text: nothing for null and undefined, JSON for objects and lists."""
    value = value_of(answer, source)
    if isinstance(value, str):
        return value
    return "" if value is None else answer


def _whole(value: Any) -> Any:
    """Half characters, which neither UTF-8 nor PostgreSQL can hold, replaced by the replacement character."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def error_of(error: quickjs.JSException, source: str) -> ExpressionError:
    """The same for an error that ended the run."""
    text, mark, stack = str(error).partition("\n    at ")
    name, _colon, message = text.strip().partition(": ")
    return failure(name, message, mark + stack, source)


def syntax_error_of(error: quickjs.JSException, source: str) -> ExpressionError:
    """The same for a source that does not compile."""
    problem = error_of(error, source)
    if isinstance(problem, ExpressionLimit):
        return problem
    line, column = _place(WRITTEN, str(error), source)
    return ExpressionSyntaxError(problem.details["reason"], source, line=line, column=column)


def failure(name: str, message: str, stack: str, source: str) -> ExpressionError:
    """The error for what JavaScript threw."""
    if name == "Limit":
        reasons = {"time": _("it takes too long."), "list": _("a list in it is too long.")}
        return ExpressionLimit(reasons.get(message, _("a text in it is too long.")), source)
    if name == "InternalError" and message == "interrupted":
        return ExpressionLimit(_("it takes too long."), source)
    if "call stack" in message or "stack overflow" in message:
        return ExpressionLimit(_("it calls itself too deeply."), source)
    if "null" in (name, message) or "out of memory" in message or message == "string too long":
        return ExpressionLimit(_("it needs more than %d MB of memory.") % (MEMORY // MEGABYTE), source)
    if message == "circular reference":
        message = _("the result contains itself.")
    line, column = _place(CALLED, stack, source)
    return ExpressionError(message or name or _("it failed."), source, line=line, column=column)


def _place(pattern: re.Pattern[str], stack: str, source: str) -> tuple[int | None, int | None]:
    """Line and column in the source, from 1. The wrapper takes one line; an early end is blamed on the last line."""
    found = pattern.search(stack)
    if not found:
        return None, None
    line, lines = int(found[1]) - 1, source.split("\n")
    return (line, int(found[2])) if line <= len(lines) else (len(lines), len(lines[-1]))
