"""What blocks about rows share: the table they read, the fields they show, the rows they are limited to."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.foundation.errors import PermissionRefused
from nocode.studio.blocks.config import BlockForm, FieldChoice, PlainText
from nocode.studio.blocks.scene import Scene
from nocode.studio.comparisons import COMPARISONS, WITHOUT_VALUE
from nocode.studio.errors import FieldMissing, TableMissing


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


def shown(field: Any, value: Any) -> str:
    """A value of a row, for people to read."""
    return "" if value is None else field.type.display(value)


def plain(widget: forms.Widget) -> forms.Widget:
    """An input of a field type without the look of the console: applications bring their own."""
    bare = next(base for base in type(widget).__mro__ if base.__module__ == forms.Widget.__module__)
    widget.template_name = bare.template_name
    widget.attrs.pop("class", None)
    if "rows" in widget.attrs:
        widget.attrs["rows"] = 4
    return widget
