"""JSON: a list of objects, or objects one after the other (NDJSON), read without ever holding the whole file."""

import io
import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from nocode.studio.errors import ImportRefused
from nocode.studio.importing.encodings import explain_undecodable
from nocode.studio.importing.rows import BLOCK, LARGEST_BLOCK, MOST_COLUMNS, Rows
from nocode.studio.importing.streams import PieceStream, Source

NAMES_FROM = 10_000  # objects whose keys become columns
LONGEST_OBJECT = 10 * 1024 * 1024
_PIECE = 256 * 1024
_BLANK = " \t\r\n"


def seems_json(text: str) -> bool:
    """Whether a text begins like a list of objects or like an object."""
    text = text.lstrip("\ufeff" + _BLANK)
    if text.startswith("["):
        return text[1:].lstrip(_BLANK).startswith(("{", "]")) or text[1:].strip(_BLANK) == ""
    if not text.startswith("{"):
        return False
    rest = text[1:].lstrip(_BLANK)
    return rest.startswith(('"', "}")) or not rest


def blocks(source: Source, encoding: str) -> Iterator[Rows]:
    """One row per object, counted from 1; row 0 holds the names. Raises ImportRefused."""
    names = _names(source, encoding)
    index = {name: position for position, name in enumerate(names)}
    rows, number, begun = [names], 0, 0
    for value, position in _objects(source, encoding):
        row = [""] * len(names)
        for key, item in value.items():
            if key in index:
                row[index[key]] = _text(item)
            elif item is not None:
                row.append(_text(item))  # one cell too many: the row is reported
        rows.append(row if any(row) else [])
        if len(rows) >= BLOCK or position - begun > LARGEST_BLOCK:
            yield Rows(number, rows, position)
            number, rows, begun = number + len(rows), [], position
    if rows:
        yield Rows(number, rows, 0)


def _names(source: Source, encoding: str) -> list[str]:
    names: dict[str, None] = {}
    for number, (value, _position) in enumerate(_objects(source, encoding)):
        if number >= NAMES_FROM:
            break
        names.update(dict.fromkeys(value))
        if len(names) > MOST_COLUMNS:
            raise ImportRefused(
                _("The objects have more than %(max)d different names; each would be a column.") % {"max": MOST_COLUMNS}
            )
    return list(names)


def _objects(source: Source, encoding: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Each object, with how many bytes were read so far."""
    stream = PieceStream(source())
    text = io.TextIOWrapper(io.BufferedReader(stream, _PIECE), encoding=encoding, newline="")
    scanner = _Scanner(text)
    try:
        for value in scanner.values():
            yield value, stream.position
    except UnicodeDecodeError:
        raise explain_undecodable(source, encoding) from None


class _Number(float):
    """A number that remembers how it was written: a float alone would lose digits."""

    text: str

    def __new__(cls, text: str) -> "_Number":
        made = super().__new__(cls, text)
        made.text = text
        return made


class _Scanner:
    """Takes values off a text, one after the other."""

    def __init__(self, text: io.TextIOWrapper):
        self._text = text
        self._buffer = text.read(_PIECE).removeprefix("\ufeff")
        self._at = 0
        self._line, self._column = 1, 1  # of the beginning of the buffer
        self._decoder = json.JSONDecoder(parse_float=_Number)

    def values(self) -> Iterator[dict[str, Any]]:
        is_list = self._next() == "["
        if is_list:
            self._at += 1
            if self._next() == "]":
                self._at += 1
                self._expect_end()
                return
        while self._next():
            yield self._value()
            follows = self._next()
            if is_list and follows == "]":
                self._at += 1
                self._expect_end()
                return
            if is_list and not follows:
                raise self.refusal(_("the list is not closed"))
            if is_list and follows != ",":
                raise self.refusal(_("a comma or the end of the list is missing"))
            if follows == ",":
                self._at += 1
                if not self._next():
                    raise self.refusal(_("the list is not closed"))

    def refusal(self, why: str, ahead: int = 0) -> ImportRefused:
        before = self._buffer[: self._at + ahead]
        line = self._line + before.count("\n")
        column = len(before) - before.rfind("\n") if "\n" in before else self._column + len(before)
        return ImportRefused(
            _("It is not JSON that can be imported: line %(line)d, column %(column)d: %(why)s.")
            % {"line": line, "column": column, "why": why}
        )

    def _value(self) -> dict[str, Any]:
        """The object that begins here; more of the text is read as long as it seems cut off."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                ahead, problem = error.pos - self._at, error.msg
            except RecursionError:
                raise self.refusal(_("it is nested too deeply")) from None
            except ValueError:  # Python refuses to read numbers of thousands of digits
                raise self.refusal(_("a number is too long")) from None
            else:
                if not isinstance(value, dict):
                    raise self.refusal(_("an object in braces is expected here, one for each row"))
                self._at = end
                return value
            if len(self._buffer) - self._at > LONGEST_OBJECT:
                raise self.refusal(_("the object is too large, or it is not closed"), ahead)
            if not self._more():
                raise self.refusal(problem[:1].lower() + problem[1:], ahead)

    def _next(self) -> str:
        """The next character that is not blank, "" at the end."""
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in _BLANK:
                    return self._buffer[self._at]
                self._at += 1
            if not self._more():
                return ""

    def _expect_end(self) -> None:
        if self._next():
            raise self.refusal(_("something follows the end of the list"))

    def _more(self) -> bool:
        """Read on, and forget what was used; as much again as is waiting, so that a long value stays cheap."""
        waiting = len(self._buffer) - self._at
        piece = self._text.read(max(_PIECE, waiting))
        used = self._buffer[: self._at]
        if breaks := used.count("\n"):
            self._line += breaks
            self._column = len(used) - used.rfind("\n")
        else:
            self._column += len(used)
        self._buffer, self._at = self._buffer[self._at :] + piece, 0
        return bool(piece)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Number):
        return value.text
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
