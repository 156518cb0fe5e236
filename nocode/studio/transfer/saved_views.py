"""The saved views of a table in a project file."""

from typing import Any

from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError
from nocode.studio.comparisons import COMPARISONS
from nocode.studio.schema.names import clean_label
from nocode.studio.transfer.format import SYSTEM_COLUMNS
from nocode.studio.transfer.shape import Mistakes, join

VIEW = {"name": str}, {"settings": {}}
SETTINGS = {}, {"columns": [], "hidden": [], "widths": {}, "search": "", "conditions": [], "sort": [], "group": ""}
CONDITION = {"field": str, "op": str}, {"value": "", "group": 0}
_NARROWEST, _WIDEST = 1, 10_000


def check_view(value: Any, place: str, known: set[str], mistakes: Mistakes) -> dict[str, Any] | None:
    """A view whose columns are all there; None when it is not so."""
    view = mistakes.object(value, place, *VIEW)
    if view is None:
        return None
    try:
        if clean_label(view["name"]) != view["name"]:
            mistakes.add(join(place, "name"), _("A name has no space at its ends, and no two in a row."))
    except NoCodeError as refusal:
        mistakes.add(join(place, "name"), refusal.message)
    if mistakes.object(view["settings"], join(place, "settings"), *SETTINGS) is not None:
        _check_settings(view["settings"], join(place, "settings"), known, mistakes)
    return view


def _check_settings(settings: dict[str, Any], place: str, known: set[str], mistakes: Mistakes) -> None:
    def check(name: Any, at: str) -> None:
        if not isinstance(name, str) or (name not in known and name not in SYSTEM_COLUMNS):
            mistakes.add(at, _("There is no field “%(field)s”.") % {"field": str(name)[:150]})

    for list_name in ("columns", "hidden"):
        for number, name in enumerate(settings.get(list_name, [])):
            check(name, f"{place}.{list_name}[{number}]")
    for name, width in settings.get("widths", {}).items():
        check(name, f"{place}.widths")
        if isinstance(width, bool) or not isinstance(width, int) or not _NARROWEST <= width <= _WIDEST:
            mistakes.add(f"{place}.widths.{name[:80]}", _("This is no width of a column."))
    for number, key in enumerate(settings.get("sort", [])):
        check(key.removeprefix("-") if isinstance(key, str) else key, f"{place}.sort[{number}]")
    if settings.get("group"):
        check(settings["group"], f"{place}.group")
    for number, value in enumerate(settings.get("conditions", [])):
        at = f"{place}.conditions[{number}]"
        if condition := mistakes.object(value, at, *CONDITION):
            check(condition["field"], f"{at}.field")
            if condition["op"] not in COMPARISONS:
                mistakes.add(f"{at}.op", _("There is no such comparison."))
