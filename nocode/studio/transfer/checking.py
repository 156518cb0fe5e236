"""A `project.json` looked at as a whole before anything is made of it: every mistake is named with its place."""

from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError
from nocode.foundation.json_text import read_json
from nocode.studio.errors import ImportRefused
from nocode.studio.fields import FieldType, field_types
from nocode.studio.models import TableIndex
from nocode.studio.schema import names
from nocode.studio.transfer import format as form
from nocode.studio.transfer.names import split
from nocode.studio.transfer.pages import check_pages
from nocode.studio.transfer.saved_views import check_view
from nocode.studio.transfer.shape import Mistakes, join

Name = tuple[str, str]  # a table and a field of it

PROJECT = {"format": str, "version": int, "name": str, "tables": list}, {"description": "", "pages": []}
TABLE = (
    {"key": str, "label": str, "fields": list},
    {"description": "", "display": "", "indexes": [], "views": []},
)
FIELD = (
    {"key": str, "label": str, "kind": str},
    {"required": False, "unique": False, "settings": {}, "default": None, "help_text": ""},
)


@dataclass
class Outline:
    """A project that can be built: its JSON with every member there, and the order for its fields."""

    data: dict[str, Any]
    needs: dict[Name, list[Name]] = field(default_factory=dict)  # of each field that may mention others
    late: list[Name] = field(default_factory=list)  # those fields in an order in which they can be made

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        return {table["key"]: table for table in self.data["tables"]}


def read(content: bytes) -> Outline:
    """The outline in a `project.json`. Raises ImportRefused with all that is wrong."""
    try:
        value = read_json(content.decode())
    except UnicodeDecodeError:
        raise ImportRefused(_("%(file)s is not UTF-8 text.") % {"file": form.MANIFEST}) from None
    except ValidationError as error:
        raise ImportRefused(f"{form.MANIFEST}: {error.messages[0]}.") from None
    return check(value)


def check(value: Any) -> Outline:
    """The outline that a value is. Raises ImportRefused with all that is wrong."""
    _check_version(value)
    return _Checking().outline(value)


def _check_version(value: Any) -> None:
    if not isinstance(value, dict) or value.get("format") != form.FORMAT:
        raise ImportRefused(_("format: this is not the file of a project (“%(format)s”).") % {"format": form.FORMAT})
    version = value.get("version")
    if version != form.VERSION or isinstance(version, bool):
        raise ImportRefused(
            _("version: this is version %(given)s of the format; version %(known)d can be read. Update NoCode first.")
            % {"given": str(version)[:20], "known": form.VERSION}
        )


class _Checking:
    def __init__(self) -> None:
        self.mistakes = Mistakes()
        self.known: dict[str, set[str]] = {}  # fields by table

    def outline(self, value: dict[str, Any]) -> Outline:
        data = self.mistakes.object(value, "", *PROJECT)
        self.mistakes.settle()
        self._label(data["name"], "name", set())
        data["tables"] = self._tables(data["tables"])
        self.mistakes.settle()  # what follows needs tables and fields that are named
        outline = Outline(data)
        for number, table in enumerate(data["tables"]):
            self._inside(table, f"tables[{number}]", outline)
        data["pages"] = check_pages(data["pages"], self.known, self.mistakes)
        self.mistakes.settle()
        outline.late = self._order(outline)
        self.mistakes.settle()
        return outline

    # --- names first

    def _tables(self, values: list) -> list[dict[str, Any]]:
        found, labels = [], set()
        for value, place in self.mistakes.items(values, "tables", form.MOST_TABLES):
            if table := self.mistakes.object(value, place, *TABLE):
                self._key(table["key"], place, names.table_name, self.known)
                self._label(table["label"], join(place, "label"), labels)
                self.known[table["key"]] = set()
                table["fields"] = self._fields(table, place)
                found.append(table)
        return found

    def _fields(self, table: dict[str, Any], place: str) -> list[dict[str, Any]]:
        found, labels, known = [], set(), self.known[table["key"]]
        for value, at in self.mistakes.items(table["fields"], join(place, "fields"), form.MOST_FIELDS):
            if each := self.mistakes.object(value, at, *FIELD):
                self._key(each["key"], at, names.column_name, known)
                self._label(each["label"], join(at, "label"), labels)
                known.add(each["key"])
                if len(each["help_text"]) > 300:
                    self.mistakes.add(join(at, "help_text"), _("It has more than %(max)d characters.") % {"max": 300})
                found.append(each)
        return found

    def _key(self, key: str, place: str, make: Any, taken: Any) -> None:
        if make(key, ()) != key:
            self.mistakes.add(
                join(place, "key"), _("A key is made of small letters a to z, digits and “_”, and is no word of SQL.")
            )
        elif key in taken:
            self.mistakes.add(join(place, "key"), _("“%(key)s” is there twice.") % {"key": key})

    def _label(self, label: str, place: str, taken: set[str]) -> None:
        try:
            clean = names.clean_label(label)
        except NoCodeError as refusal:
            self.mistakes.add(place, refusal.message)
            return
        if clean != label:
            self.mistakes.add(place, _("A name has no space at its ends, and no two in a row."))
        elif label in taken:
            self.mistakes.add(place, _("“%(label)s” is there twice.") % {"label": label})
        taken.add(label)

    # --- then what they say about each other

    def _inside(self, table: dict[str, Any], place: str, outline: Outline) -> None:
        known = self.known[table["key"]]
        for number, each in enumerate(table["fields"]):
            self._field(each, table["key"], f"{place}.fields[{number}]", outline)
        if table["display"] and table["display"] not in known:
            self.mistakes.add(join(place, "display"), self._no_field(table["display"]))
        table["indexes"] = self._indexes(table["indexes"], join(place, "indexes"), known)
        views = self.mistakes.items(table["views"], join(place, "views"), form.MOST_VIEWS)
        table["views"] = [check_view(value, at, known, self.mistakes) for value, at in views]

    def _field(self, each: dict[str, Any], table: str, place: str, outline: Outline) -> None:
        kind = field_types.find(each["kind"])
        if kind is None:
            self.mistakes.add(join(place, "kind"), _("There is no type “%(kind)s”.") % {"kind": each["kind"][:80]})
            return
        if not self._settings(kind, each["settings"], join(place, "settings")):
            return
        mentioned = _Mentioned(table)
        try:
            kind.renamed(each["settings"], mentioned)
        except NoCodeError as refusal:
            self.mistakes.add(join(place, "settings"), refusal.message)
            return
        for name in mentioned.tables - self.known.keys():
            self.mistakes.add(join(place, "settings"), _("There is no table “%(table)s”.") % {"table": name[:80]})
        for other, name in mentioned.fields:
            if name not in self.known.get(other, ()):
                self.mistakes.add(join(place, "settings"), self._no_field(f"{other}.{name}"))
        if type(kind).needs is not FieldType.needs:
            outline.needs[table, each["key"]] = mentioned.fields

    def _settings(self, kind: FieldType, settings: dict[str, Any], place: str) -> bool:
        """Whether the type takes the settings, and keeps them as they are."""
        config, before = kind.Config(settings), len(self.mistakes.found)
        for name in settings.keys() - config.fields.keys():
            self.mistakes.add(join(place, name[:80]), _("There is no such setting."))
        for name, errors in config.errors.items():
            self.mistakes.add(join(place, name) if name in config.fields else place, " ".join(errors))
        for name, value in settings.items():
            if name in config.cleaned_data and value not in (None, "") and config.cleaned_data[name] != value:
                kept = {"kept": str(config.cleaned_data[name])[:80]}
                self.mistakes.add(join(place, name), _("It would be kept as “%(kept)s”; write that.") % kept)
        return len(self.mistakes.found) == before

    def _indexes(self, values: list, place: str, known: set[str]) -> list[dict[str, Any]]:
        found = []
        for value, at in self.mistakes.items(values, place, form.MOST_INDEXES):
            index = self.mistakes.object(value, at, {"kind": str}, {"columns": []})
            if index is None:
                continue
            if index["kind"] not in TableIndex.Kind.values:
                self.mistakes.add(join(at, "kind"), _("There is no type “%(kind)s”.") % {"kind": index["kind"][:80]})
            for name in index["columns"]:
                if not isinstance(name, str) or (name not in known and name not in form.SYSTEM_COLUMNS):
                    self.mistakes.add(join(at, "columns"), self._no_field(str(name)))
            found.append(index)
        return found

    def _no_field(self, name: str) -> str:
        return _("There is no field “%(field)s”.") % {"field": name[:150]}

    def _order(self, outline: Outline) -> list[Name]:
        """Relations first, then each computed field after those it reads."""
        graph = {name: [other for other in needs if other in outline.needs] for name, needs in outline.needs.items()}
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            table, key = error.args[1][0]
            number = list(outline.tables).index(table)
            place = [each["key"] for each in outline.tables[table]["fields"]].index(key)
            self.mistakes.add(f"tables[{number}].fields[{place}]", _("It would be computed from itself."))
            return []


class _Mentioned:
    """Takes down which tables and fields settings mention."""

    def __init__(self, home: str):
        self.home = home
        self.tables: set[str] = set()
        self.fields: list[Name] = []

    def table(self, name: str) -> str:
        self.tables.add(name)
        return name

    def field(self, name: str) -> str:
        self.fields.append(split(name, self.home))
        return name
