"""The heads of a grid's columns with their menus: twelve of them through a template take as long as the rows."""

from collections.abc import Iterator, Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from nocode.studio.views.arrangement import Placed
from nocode.studio.views.filters import Asked

_WARNING = '<span class="material-symbols-outlined" aria-hidden="true">warning</span>{}'


def heads(asked: Asked, columns: Sequence[Placed]) -> SafeString:
    """A head for each column. Their buttons send the form `arrange`."""
    orders = {
        "up": _item("arrow_upward", _("Sort ascending")),
        "down": _item("arrow_downward", _("Sort descending")),
        "then": _item("sort", _("Then by this")),
        "unsorted": _item("close", _("Do not sort")),
        "group": _item("workspaces", _("Group by this")),
    }
    moves = {
        "left": _item("chevron_left", _("Move left")),
        "right": _item("chevron_right", _("Move right")),
        "wider": _item("width", _("Wider")),
        "narrower": _item("compress", _("Narrower")),
        "hide": _item("visibility_off", _("Hide")),
    }
    return mark_safe("".join(_head(asked, placed, orders, moves) for placed in columns))  # noqa: S308 (all escaped)


def _head(asked: Asked, placed: Placed, orders: dict[str, str], moves: dict[str, str]) -> str:
    column, name = placed.column, placed.column.name
    direction = asked.sorted_by(name)
    marks = ' class="c-number"' if column.type.is_number else ""
    marks += f' aria-sort="{direction}"' if direction else ""
    hint = f' title="{escape(column.field.help_text)}"' if column.field.help_text else ""
    ways = _ways(asked, name) if column.type.sortable and not column.is_broken else ()
    links = "".join(f'<a href="?{escape(url)}"{orders[way]}</a>' for way, url in ways)
    buttons = "".join(
        f'<button form="arrange" name="do" value="{move} {name}"{shown}</button>' for move, shown in moves.items()
    )
    sign, reason = _broken(asked.layout.problem(name)) if column.is_broken else ("", "")
    return (
        f'<th scope="col" data-name="{name}" draggable="true"{marks}><details class="c-menu">'
        f"<summary{hint}>{sign}{escape(column.label)}</summary>"
        f'<div class="c-menu__body">{reason}{links}{buttons}</div></details>'
        f'<span class="c-sheet__grip" data-grip></span></th>'
    )


def _broken(problem: str) -> tuple[str, str]:
    """The sign in the head of a column that cannot be computed, and the reason in its menu."""
    text = escape(_("It cannot be computed: %(problem)s") % {"problem": problem})
    what = escape(_("Change or delete the field on the page of the table’s structure."))
    sign = _WARNING.format(f'<span class="c-hidden">{escape(_("cannot be computed"))}: </span>')
    return sign, f'<p class="c-notice c-notice--fail c-sheet__problem">{text} {what}</p>'


def _ways(asked: Asked, name: str) -> Iterator[tuple[str, str]]:
    """The addresses of the list in other orders by a column, and in groups of its values."""
    others = [key for key in asked.sort if key.removeprefix("-") != name]
    yield "up", asked.address(sort=[name])
    yield "down", asked.address(sort=[f"-{name}"])
    if others:
        yield "then", asked.address(sort=[*others, name])
    if len(others) < len(asked.sort):
        yield "unsorted", asked.address(sort=others)
    yield "group", asked.address(group=name)


def _item(icon: str, text: str) -> str:
    """The end of a menu's entry: a page has a hundred of them, so their look is in the stylesheet."""
    return f' class="c-menu__item" data-icon="{icon}">{escape(text)}'
