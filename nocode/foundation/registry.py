"""A registry maps a kind, as stored in the database, to the class that gives it meaning."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from nocode.foundation.errors import NoCodeError

T = TypeVar("T")


class UnknownKind(NoCodeError):
    """No such kind is installed."""


class Registry(Generic[T]):
    """Kinds in the order they were registered; each kind has exactly one class, instantiated once."""

    def __init__(self, name: str):
        self.name = name
        self._entries: dict[str, T] = {}

    def register(self, cls: type[T]) -> type[T]:
        """Class decorator. Raises ValueError when the kind is taken: a published kind never changes meaning."""
        kind = cls.kind
        if kind in self._entries:
            raise ValueError(f"{self.name}: the kind {kind!r} is registered twice")
        self._entries[kind] = cls()
        return cls

    def __getitem__(self, kind: str) -> T:
        try:
            return self._entries[kind]
        except KeyError:
            raise UnknownKind(f"{self.name}: there is no kind {kind!r}.", kind=kind) from None

    def __contains__(self, kind: str) -> bool:
        return kind in self._entries

    def find(self, kind: str) -> T | None:
        """The entry of a kind, or None."""
        return self._entries.get(kind)

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries.values())

    def choices(self) -> list[tuple[str, str]]:
        """(kind, label) pairs for a form field."""
        return [(kind, entry.label) for kind, entry in self._entries.items()]
