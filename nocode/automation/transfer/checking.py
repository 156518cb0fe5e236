"""A workflow file looked at as a whole before anything is made of it: every mistake is named with its place."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from nocode.automation.models import Node, Trigger
from nocode.automation.transfer import format as form
from nocode.foundation.json_text import read_json
from nocode.studio.errors import ImportRefused
from nocode.studio.schema import names
from nocode.studio.transfer.shape import Mistakes, join

KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
SMALLEST, LARGEST = -(2**31), 2**31 - 1

WORKFLOW = (
    {"format": str, "version": int, "name": str, "nodes": list},
    {"description": "", "settings": {}, "edges": [], "triggers": [], "needs": {}},
)
KEPT = ("retention_days", "failed_retention_days")
SETTINGS = {}, {"timeout": 3600, **dict.fromkeys(KEPT), "variables": {}}
NODE = (
    {"key": str, "kind": str, "label": str},
    {"config": {}, "on_error": "stop", "max_retries": 3, "is_disabled": False, "pinned": None, "x": 0, "y": 0},
)
EDGE = {"source": str, "target": str}, {"port": "main"}
TRIGGER = {"kind": str, "name": str}, {"is_active": True, "entry": "", "config": {}}
NEEDS = {}, {"integrations": [], "workflows": [], "tables": []}
INTEGRATION = {"id": str, "name": str, "type": str}, {}
OTHER = {"id": str, "name": str}, {}
TABLE = {"key": str, "label": str, "fields": list}, {}
FIELD = {"key": str, "label": str, "kind": str}, {"required": False, "unique": False, "settings": {}}


def parse(content: bytes) -> Any:
    """The JSON of a file. Raises ImportRefused for what is too large, nested too deeply, or no JSON at all."""
    if len(content) > form.LARGEST:
        most = form.LARGEST // 1024**2
        raise ImportRefused(_("The file is larger than %(most)d MB; that is no workflow.") % {"most": most})
    try:
        return read_json(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ImportRefused(_("The file is not UTF-8 text; it is no workflow.")) from None
    except ValidationError as error:
        raise ImportRefused(_("The file cannot be read: %s.") % error.messages[0]) from None


def check(value: Any) -> dict[str, Any]:
    """The outline that a value is, with every member there. Raises ImportRefused with all that is wrong."""
    _check_version(value)
    return _Checking().outline(value)


def _check_version(value: Any) -> None:
    found = value.get("format") if isinstance(value, dict) else None
    if found == "nocode.project":
        raise ImportRefused(_("This is the file of a project; import it on the page of the projects."))
    if found != form.FORMAT:
        raise ImportRefused(_("This is neither a workflow of NoCode nor one of n8n."))
    version = value.get("version")
    if version != form.VERSION or isinstance(version, bool):
        raise ImportRefused(
            _("The file is version %(given)s of the format; version %(known)d can be read. Update NoCode first.")
            % {"given": str(version)[:20], "known": form.VERSION}
        )


class _Checking:
    def __init__(self) -> None:
        self.mistakes = Mistakes()
        self.keys: set[str] = set()

    def outline(self, value: dict[str, Any]) -> dict[str, Any]:
        data = self.mistakes.object(value, "", *WORKFLOW)
        self.mistakes.settle()
        self._text(data["name"], "name", 150)
        data["settings"] = self._settings(data["settings"])
        data["nodes"] = self._nodes(data["nodes"])
        data["edges"] = self._edges(data["edges"])
        data["triggers"] = self._triggers(data["triggers"])
        data["needs"] = self._needs(data["needs"])
        self.mistakes.settle()
        return data

    def _settings(self, value: Any) -> dict[str, Any]:
        settings = self.mistakes.object(value, "settings", *SETTINGS) or dict(SETTINGS[1])
        self._number(settings["timeout"], "settings.timeout", 0, LARGEST)
        for name in KEPT:
            if settings[name] is not None:
                self._number(settings[name], f"settings.{name}", 1, LARGEST)
        return settings

    def _nodes(self, values: list) -> list[dict[str, Any]]:
        found = self._objects(values, "nodes", form.MOST_NODES, NODE)
        for node, place in found:
            self._key(node["key"], place)
            self._text(node["label"], join(place, "label"), 150)
            self._text(node["kind"], join(place, "kind"), 60)
            self._choice(node["on_error"], join(place, "on_error"), Node.OnError.values)
            self._number(node["max_retries"], join(place, "max_retries"), 0, 32767)
            for axis in ("x", "y"):
                self._number(node[axis], join(place, axis), SMALLEST, LARGEST)
        return [node for node, _place in found]

    def _edges(self, values: list) -> list[dict[str, Any]]:
        found, seen = self._objects(values, "edges", form.MOST_EDGES, EDGE), set()
        for edge, place in found:
            for end in ("source", "target"):
                self._step(edge[end], join(place, end))
            self._text(edge["port"], join(place, "port"), 60)
            if edge["source"] == edge["target"]:
                self.mistakes.add(place, _("A step cannot lead to itself."))
            if (each := (edge["source"], edge["port"], edge["target"])) in seen:
                self.mistakes.add(place, _("This connection is there twice."))
            seen.add(each)
        return [edge for edge, _place in found]

    def _triggers(self, values: list) -> list[dict[str, Any]]:
        found = self._objects(values, "triggers", form.MOST_TRIGGERS, TRIGGER)
        for trigger, place in found:
            self._text(trigger["name"], join(place, "name"), 150)
            self._choice(trigger["kind"], join(place, "kind"), Trigger.Kind.values)
            if trigger["entry"]:
                self._step(trigger["entry"], join(place, "entry"))
        return [trigger for trigger, _place in found]

    def _needs(self, value: Any) -> dict[str, Any]:
        needs = self.mistakes.object(value, "needs", *NEEDS) or dict(NEEDS[1])
        kinds = {"integrations": INTEGRATION, "workflows": OTHER, "tables": TABLE}
        for name, shape in kinds.items():
            needs[name] = [each for each, _at in self._objects(needs[name], f"needs.{name}", form.MOST_NEEDS, shape)]
        for number, table in enumerate(needs["tables"]):
            place = f"needs.tables[{number}]"
            self._physical(table["key"], place, names.table_name)
            fields = self._objects(table["fields"], join(place, "fields"), form.MOST_FIELDS, FIELD)
            for field, at in fields:
                self._physical(field["key"], at, names.column_name)
            table["fields"] = [field for field, _at in fields]
        return needs

    # --- One value

    def _objects(self, values: list, place: str, most: int, shape: tuple) -> list[tuple[dict[str, Any], str]]:
        looked_at = ((self.mistakes.object(value, at, *shape), at) for value, at in self._items(values, place, most))
        return [(each, at) for each, at in looked_at if each is not None]

    def _items(self, values: list, place: str, most: int) -> list[tuple[Any, str]]:
        return self.mistakes.items(values, place, most)

    def _key(self, key: str, place: str) -> None:
        if not KEY.fullmatch(key):
            self.mistakes.add(join(place, "key"), _("A key is made of letters, digits, “-” and “_”; 60 at most."))
        elif key in self.keys:
            self.mistakes.add(join(place, "key"), _("“%(key)s” is there twice.") % {"key": key})
        self.keys.add(key)

    def _physical(self, key: str, place: str, make: Callable[..., str]) -> None:
        if make(key, ()) != key:
            self.mistakes.add(
                join(place, "key"), _("A key is made of small letters a to z, digits and “_”, and is no word of SQL.")
            )

    def _step(self, key: str, place: str) -> None:
        if key not in self.keys:
            self.mistakes.add(place, _("There is no step “%s”.") % key[:80])

    def _text(self, text: str, place: str, most: int) -> None:
        if not text.strip():
            self.mistakes.add(place, _("This is empty."))
        elif len(text) > most:
            self.mistakes.add(place, _("It has more than %(max)d characters.") % {"max": most})

    def _choice(self, value: str, place: str, choices: list[str]) -> None:
        if value not in choices:
            self.mistakes.add(place, _("This must be one of: %s.") % ", ".join(choices))

    def _number(self, value: Any, place: str, least: int, most: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            limits: Mapping[str, int] = {"least": least, "most": most}
            self.mistakes.add(place, _("This must be a whole number from %(least)d to %(most)d.") % limits)
