"""Finds the `{{ }}` in the texts of a configuration. Parsed texts are kept, process-wide, in a bounded cache."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nocode.automation.engine.expressions.code import Code
from nocode.automation.engine.expressions.scanner import Scanner

KEPT = 4096
OPEN = "{{"


@dataclass(frozen=True, slots=True)
class Template:
    """A text cut at its expressions: plain strings and Code, in order."""

    parts: tuple[str | Code, ...]

    @property
    def codes(self) -> tuple[Code, ...]:
        return tuple(part for part in self.parts if isinstance(part, Code))

    @property
    def whole(self) -> Code | None:
        """The expression, when the text is nothing else: its value then keeps its type."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], Code) else None


@lru_cache(maxsize=KEPT)
def compile_template(text: str) -> Template:
    """Cut `text` at its expressions. `\\{{` is a plain `{{`. Raises ExpressionSyntaxError."""
    parts: list[str | Code] = []
    plain, position = "", 0
    while (found := text.find(OPEN, position)) >= 0:
        if found and text[found - 1] == "\\":
            plain += text[position : found - 1] + OPEN
            position = found + len(OPEN)
            continue
        plain += text[position:found]
        scanner = Scanner(text, found + len(OPEN))
        code = scanner.scan()
        parts += [plain, code] if plain else [code]
        plain, position = "", scanner.position
    plain += text[position:]
    return Template(tuple([*parts, plain] if plain or not parts else parts))


@lru_cache(maxsize=KEPT)
def compile_code(source: str) -> Code:
    """One bare expression, without its braces."""
    return Scanner(source, closed=False).scan()


def walk(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text of a configuration that has a `{{`, with where it stands."""
    if isinstance(value, str):
        if OPEN in value:
            yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from walk(inner, (*path, index))
