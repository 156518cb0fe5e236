"""What blocks about rows share: the table they read, the fields they show, the rows they are limited to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.foundation.errors import PermissionRefused
from nocode.studio.blocks.config import BlockForm, FieldChoice, PlainText
from nocode.studio.blocks.scene import Scene
from nocode.studio.comparisons import COMPARISONS, WITHOUT_VALUE
from nocode.studio.errors import FieldMissing, TableMissing
from nocode.studio.fields.file import Address, File, FilesWidget


class LimitedForm(BlockForm):
    """Settings of a block that may look at some rows only."""

    where_field = FieldChoice(
        label=gettext_lazy("Only rows where"),
        more=(("", gettext_lazy("(all rows)")),),
        help_text=gettext_lazy("This chooses what is shown; it is no permission: other rows may be seen elsewhere."),
    )
    where_op = forms.ChoiceField(
        label=gettext_lazy("Comparison"),
        required=False,
        initial="eq",
        choices=[(name, label) for name, label in COMPARISONS.items() if name != "in"],
    )
    where_value = PlainText(label=gettext_lazy("Value"), required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if field := self.columns().get(data.get("where_field", "")):
            self._check_condition(field.type, data)
        return data

    def _check_condition(self, field_type: Any, data: dict[str, Any]) -> None:
        operator = data.get("where_op") or "eq"
        if operator not in field_type.operators:
            self.add_error("where_op", _("A field of this type is not compared like this."))
        elif operator not in WITHOUT_VALUE:
            try:
                parsed = field_type.parse(data.get("where_value", ""))
            except ValidationError as error:
                self.add_error("where_value", error)
            else:
                if parsed is None:
                    self.add_error("where_value", _("Give the value to compare with."))


def limits_of(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The filters that a block of limited rows always applies."""
    if not settings["where_field"]:
        return []
    return [{"field": settings["where_field"], "op": settings["where_op"] or "eq", "value": settings["where_value"]}]


def readable(settings: Mapping[str, Any], scene: Scene) -> Any:
    """The Records of a block's table. Raises NoCodeError when there is none, or the person may not see rows."""
    if not settings["table"]:
        raise TableMissing(_("Choose a table for this block."))
    if not scene.may("view"):
        raise PermissionRefused(_("Your role does not allow you to see these rows."))
    return scene.records(settings["table"])


def fields_of(layout: Any, names: Iterable[str]) -> dict[str, Any]:
    """The fields named, or all of the table when none is. Raises FieldMissing for one that was dropped."""
    names = list(names)
    for name in names:
        require(layout, name)
    return {name: field for name, field in layout.fields.items() if not names or name in names}


def require(layout: Any, name: str) -> None:
    """Raise FieldMissing when the table has no such field."""
    if name and name not in layout.fields:
        raise FieldMissing(
            _("“%(table)s” has no field “%(field)s” any more; choose other fields for this block.")
            % {"table": layout.label, "field": name}
        )


@dataclass(frozen=True)
class Shown:
    """A row as people read it: values by column, and the labels of the rows that relations lead to."""

    block_id: str
    scene: Scene
    row: Mapping[str, Any]
    labels: Mapping[str, Any]

    def text(self, column: Any) -> str:
        """A value in words."""
        value, label = self.row[column.name], self.labels.get(column.name)
        if value is None or label is None:
            return "" if value is None else column.type.display(value, column.settings)
        return ", ".join(label) if isinstance(label, list) else label

    def cell(self, column: Any, *, whole: bool = False) -> SafeString:
        """A value as it looks: links, badges, pictures; `whole` where there is room for long texts."""
        value, label = self.row[column.name], self.labels.get(column.name)
        if value is None:
            return mark_safe("")
        if label is not None:
            names = label if isinstance(label, list) else [label]
            return format_html_join(" ", '<span class="b-chip">{}</span>', ((name,) for name in names))
        if isinstance(column.type, File):
            return column.type.shown(value, self._address(column))
        return (column.type.whole if whole else column.type.cell)(value, column.settings)

    def _address(self, column: Any) -> Address:
        return lambda file: self.scene.file_url(self.block_id, self.row["id"], column.name, file)


def columns_of(layout: Any, names: Iterable[str]) -> dict[str, Any]:
    """The columns of the fields named, or of all fields when none is. Raises FieldMissing for one that was dropped."""
    return {name: layout.columns[name] for name in fields_of(layout, names)}


def held_value(settings: Mapping[str, Any], scene: Scene, row_id: int, name: str) -> Any:
    """What a field holds in a row that a block with these settings shows; None when the block shows no such thing.

    Raises NoCodeError.
    """
    records = readable(settings, scene)
    if name not in fields_of(records.layout, settings["fields"]):
        return None
    limits = limits_of(settings) if "where_field" in settings else []
    found = records.find([{"field": "id", "op": "eq", "value": row_id}, *limits], limit=1)
    return found[0][name] if found else None


def plain(widget: forms.Widget) -> forms.Widget:
    """An input of a field type without the look of the console: applications bring their own."""
    if not isinstance(widget, FilesWidget):  # it is made of several inputs, with the same look everywhere
        bare = next(base for base in type(widget).__mro__ if base.__module__ == forms.Widget.__module__)
        widget.template_name = bare.template_name
    widget.attrs.pop("class", None)
    if "rows" in widget.attrs:
        widget.attrs["rows"] = 4
    return widget
