"""A formula as a tree. `start` is the place in its text."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Constant:
    """A value that is written in the formula."""

    value: Decimal | str | bool
    start: int


@dataclass(frozen=True)
class FieldName:
    """The value of a field."""

    name: str
    start: int


@dataclass(frozen=True)
class Call:
    """A function, in capitals, with its arguments; signs between values are calls of the sign."""

    name: str
    arguments: tuple["Node", ...]
    start: int


Node = Constant | FieldName | Call
