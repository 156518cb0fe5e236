"""The staging table: the cells of a file as text, beside the table they will go to, until the import is over."""

from collections.abc import Callable, Iterable, Iterator
from uuid import UUID

from django.db import DatabaseError, connection
from psycopg2 import sql

from nocode.foundation.database import execute
from nocode.studio.importing.rows import Rows, presentable
from nocode.studio.schema.runs import runs

# Between cells in COPY's text format; a character that hardly any file holds.
SEPARATOR = "\x1f"
_SMALLEST_SLICE = 512  # pages
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", SEPARATOR: "\\" + SEPARATOR})

# What is wrong with a row beyond its values; `fault` holds these, with a column or a number, between semicolons.
TOO_WIDE, UNSTORABLE = "wide", "char"

Tell = Callable[[int, int], None]  # rows so far, bytes so far


class Staging:
    """An unlogged table in the project's schema: `n` is the row's number in the file, `c0`, `c1`, … are its cells.

    What is found out about the cells may be kept in tables beside it, which go with it.
    """

    def __init__(self, schema: str, job_id: UUID, width: int):
        self.schema, self.name = schema, f"st_{job_id.hex}"
        self.target = sql.Identifier(schema, self.name)
        self.width = width
        self.rows = 0
        self._beside: list[sql.Identifier] = []
        self.numbers: sql.Identifier | None = None

    def create(self) -> None:
        cells = [sql.SQL("{} text").format(cell(index)) for index in range(self.width)]
        execute(sql.SQL("DROP TABLE IF EXISTS {}").format(self.target))
        columns = sql.SQL(", ").join([sql.SQL("n bigint NOT NULL"), sql.SQL("fault text"), *cells])
        execute(sql.SQL("CREATE UNLOGGED TABLE {} ({}) WITH (autovacuum_enabled = off)").format(self.target, columns))

    def fill(self, blocks: Iterable[Rows], tell: Tell) -> int:
        """Copy the rows; rows without any text are left out. Answers how many there are."""
        feed = _Feed(self._lines(blocks, tell))
        statement = sql.SQL("COPY {} FROM STDIN WITH (FORMAT text, DELIMITER {}, NULL '', ENCODING 'UTF8')").format(
            self.target, sql.Literal(SEPARATOR)
        )
        with connection.cursor() as cursor:
            try:
                with connection.wrap_database_errors:
                    cursor.copy_expert(statement, feed)
            except DatabaseError:
                if feed.error is not None:  # psycopg2 tells only that reading failed
                    raise feed.error from None
                raise
        execute(sql.SQL("ANALYZE {}").format(self.target))
        return self.rows

    def beside(self, name: str) -> sql.Identifier:
        """The name of a table that is there as long as this one."""
        self._beside.append(sql.Identifier(self.schema, f"{self.name}_{name}"))
        return self._beside[-1]

    def number_apart(self) -> None:
        """Let new rows get numbers of their own, below zero: what a trial takes from a sequence, it cannot give back.

        Called in the transaction of a trial, whose end takes the numbers away as well.
        """
        self.numbers = sql.Identifier(self.schema, f"{self.name}_n")
        execute(sql.SQL("CREATE SEQUENCE {} INCREMENT BY -1").format(self.numbers))

    def drop(self) -> None:
        for target in [self.target, *self._beside]:
            execute(sql.SQL("DROP TABLE IF EXISTS {}").format(target))

    def slices(self) -> Iterator[sql.Composable]:
        """Conditions that part the table `s` into runs of pages, in the order of the file."""
        return (run.where for run in runs(self.target, "s", smallest=_SMALLEST_SLICE))

    def _lines(self, blocks: Iterable[Rows], tell: Tell) -> Iterator[bytes]:
        for block in blocks:
            tell(self.rows, block.position)
            yield self._block(block)

    def _block(self, block: Rows) -> bytes:
        """A block as COPY takes it: in one go when there is nothing special in it, as in most files."""
        numbered = list(enumerate(block.rows, start=block.first))
        if not all(map(any, block.rows)):
            numbered = [(number, row) for number, row in numbered if any(row)]
        self.rows += len(numbered)
        if not numbered:
            return b""
        if all(len(row) == self.width for _number, row in numbered):
            text = "\n".join([f"{number}{SEPARATOR}{SEPARATOR}{SEPARATOR.join(row)}" for number, row in numbered])
            if self._is_plain(text, len(numbered)):
                return f"{text}\n".encode()
        return "".join(self._careful_line(number, row) for number, row in numbered).encode()

    def _is_plain(self, text: str, rows: int) -> bool:
        return (
            text.count(SEPARATOR) == rows * (self.width + 1)
            and text.count("\n") == rows - 1
            and not any(special in text for special in ("\\", "\r", "\x00"))
            and (text.isascii() or _has_no_surrogates(text))
        )

    def _careful_line(self, number: int, row: list[str]) -> str:
        faults = []
        if any(row[self.width :]):
            faults.append(f"{TOO_WIDE}:{len(row)}")
        cells = [*row[: self.width], *[""] * (self.width - len(row))]
        for index, text in enumerate(cells):
            if "\x00" in text or not (text.isascii() or _has_no_surrogates(text)):
                cells[index] = presentable(text)
                faults.append(f"{UNSTORABLE}:{index}")
        return SEPARATOR.join([str(number), ";".join(faults), *(text.translate(_ESCAPES) for text in cells)]) + "\n"


def cell(index: int) -> sql.Identifier:
    """The column of the staging table that holds a column of the file."""
    return sql.Identifier(f"c{index}")


def _has_no_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Feed:
    """A file for COPY to read, made of pieces; keeps the error that ended it."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces = pieces
        self._rest = b""
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        try:
            while not self._rest:
                self._rest = next(self._pieces, None)
                if self._rest is None:
                    self._rest = b""
                    return b""
        except BaseException as error:
            self.error = error
            raise
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece
