"""Files that arrive in pieces, as the libraries want them."""

import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

# A source is opened as often as it must be read: it answers the pieces of the file from the beginning.
PIECE = 1024 * 1024
Source = Callable[[], Iterable[bytes]]


class PieceStream(io.RawIOBase):
    """A stream over pieces; `position` tells how many bytes were handed out."""

    def __init__(self, pieces: Iterable[bytes]):
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self.position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        self.position += taken
        return taken


def head(source: Source, size: int) -> bytes:
    """The first bytes of a file."""
    taken = bytearray()
    for piece in source():
        taken += piece
        if len(taken) >= size:
            break
    return bytes(taken[:size])


@contextmanager
def on_disk(source: Source, suffix: str = "") -> Iterator[str]:
    """The path of a copy of the file, for libraries that jump about in it."""
    with tempfile.NamedTemporaryFile(prefix="nocode-", suffix=suffix) as copy:
        for piece in source():
            copy.write(piece)
        copy.flush()
        yield copy.name


def read(path: str) -> Iterator[bytes]:
    """The pieces of a file on disk."""
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece
