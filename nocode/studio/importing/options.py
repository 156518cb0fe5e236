"""What a person asked of an import, as JSON can keep it."""

from dataclasses import asdict, dataclass, field
from typing import Any

from nocode.studio.importing.formats import Format
from nocode.studio.importing.ways import BY_NUMBER

SKIPPED, NEW = "", "+"


@dataclass(frozen=True)
class Column:
    """A column of the file and where it goes: to a field (its physical name), to a NEW one, or nowhere.

    `guessed`: nobody chose the type of the new field, so it may become wider when the whole file is known. Where it
    goes to a relation, `match` says how its texts name rows (see Way), `separator` what stands between several (see
    fields/lists.py; empty: whatever each cell suggests), and `make_missing` has rows made that are not there.
    """

    name: str
    target: str = SKIPPED
    label: str = ""
    kind: str = "text"
    guessed: bool = True
    match: str = BY_NUMBER
    separator: str = ""
    make_missing: bool = False


@dataclass(frozen=True)
class Options:
    """An import. Without a table in the job, `new_table` names the one to make.

    `keys` are columns of the file, by their number; `skip_bad` leaves bad rows out instead of refusing the whole file;
    `each_row` announces each row by an event, so that workflows start for it.
    """

    format: Format
    columns: list[Column]
    new_table: str = ""
    keys: list[int] = field(default_factory=list)
    skip_bad: bool = False
    dry_run: bool = False
    each_row: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Options":
        columns = [Column(**column) for column in data["columns"]]
        return cls(**{**data, "format": Format(**data["format"]), "columns": columns})
