"""Values of a JSON file held against the shape they must have; each mistake is kept with its place."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from nocode.studio.errors import ImportRefused

MOST_TOLD = 20
_WORDS = {str: "text", bool: "true/false", int: "number", list: "list", dict: "object"}
ANYTHING = object


class Mistakes:
    """What is wrong with a file, by place: `tables[3].fields[2].kind`."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, place: str, message: str) -> None:
        self.found.append(f"{place}: {message}")

    def settle(self) -> None:
        """Raise ImportRefused when something was found."""
        if self.found:
            told = self.found[:MOST_TOLD]
            if len(self.found) > MOST_TOLD:
                told.append(_("… and %(more)d more.") % {"more": len(self.found) - MOST_TOLD})
            raise ImportRefused("\n".join(told))

    def object(
        self, value: Any, place: str, required: Mapping[str, type], optional: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """An object with these members; of the optional ones the defaults tell the type. None when it is not so."""
        if not isinstance(value, dict):
            return self.add(place, _wanted(dict))
        before = len(self.found)
        for name in value.keys() - required.keys() - optional.keys():
            self.add(join(place, name[:80]), _("There is no such setting."))
        for name in required.keys() - value.keys():
            self.add(join(place, name), _("This is missing."))
        types = {**required, **{name: ANYTHING if value is None else type(value) for name, value in optional.items()}}
        for name, wanted in types.items():
            if name in value and not _is(value[name], wanted):
                self.add(join(place, name), _wanted(wanted))
        return None if len(self.found) > before else {**optional, **value}

    def items(self, values: list, place: str, most: int) -> list[tuple[Any, str]]:
        """The items of a list, each with its place."""
        if len(values) > most:
            self.add(place, _("There are more than %(most)d.") % {"most": most})
        return [(value, f"{place}[{number}]") for number, value in enumerate(values[:most])]


def join(place: str, name: str) -> str:
    """The place of a member."""
    return f"{place}.{name}" if place else name


def _is(value: Any, wanted: type) -> bool:
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))


def _wanted(wanted: type) -> str:
    return _("This must be of the type “%(type)s”.") % {"type": _WORDS[wanted]}
