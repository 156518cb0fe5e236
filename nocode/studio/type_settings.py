"""The settings of a field beside its type: every type brings its own form, the page shows the one that counts."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.choices import flatten_choices
from django.utils.translation import gettext as _

from nocode.studio.fields import field_types
from nocode.studio.models import DataTable


class Typed(dict):
    """What the browser sent for the settings of every type: {kind: {name: text}}."""


class TypeSettingsWidget(forms.Widget):
    """The settings forms of all types that have any, one below the other; `fields.js` hides the others.

    With a `kind` only those of that type.
    """

    template = "studio/widgets/type_settings.html"
    kind: str | None = None
    is_open = False  # nothing folded away
    problem = ""  # why the field cannot be computed with the settings it has
    table: DataTable | None = None  # where the field is, among the `tables` of its project
    tables: Sequence[DataTable] = ()

    def render(self, name: str, value: Any, attrs: dict | None = None, renderer: Any = None) -> str:
        shown = [
            (each.kind, self._form(each, name, value.get(each.kind) if isinstance(value, Typed) else value))
            for each in field_types
            if each.Config.base_fields and self.kind in (None, each.kind)
        ]
        return render_to_string(self.template, {"forms": shown, "is_open": self.is_open, "problem": self.problem})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Typed:
        return Typed(
            (each.kind, {key: data.get(f"{name}-{each.kind}-{key}", "") for key in each.Config.base_fields})
            for each in field_types
        )

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def _form(self, field_type: Any, name: str, values: dict | None) -> forms.Form:
        form = field_type.Config(
            initial=values or None, prefix=f"{name}-{field_type.kind}", use_required_attribute=False
        )
        if self.table is not None:
            field_type.offer(form, self.table, self.tables)
        form.must_be_filled = self.kind is None and any(field.required for field in form.fields.values())
        form.said = _said(form) if self.kind else ""
        return form


def _said(form: forms.Form) -> str:
    """The settings of a field in a line, those that say something: “Currency: EUR €”."""
    said = []
    for name, field in form.fields.items():
        value = form.get_initial_for_field(field, name)
        if field.widget.is_hidden or value in (None, "", [], False):
            continue
        choices = dict(flatten_choices(getattr(field.widget, "choices", ())))
        words = choices.get(value, value) if isinstance(value, str) else value
        text = ", ".join(map(str, words)) if isinstance(words, list) else _("Yes") if words is True else words
        said.append(_("%(name)s: %(text)s") % {"name": field.label, "text": text})
    return " · ".join(said)


class TypeSettingsField(forms.Field):
    """Settings whose type is chosen in another field; the form around says which and checks them."""

    widget = TypeSettingsWidget
    kind: str | None = None  # of a field that exists

    def fix_kind(self, kind: str) -> None:
        """The type is chosen already."""
        self.kind = self.widget.kind = kind

    @staticmethod
    def settle(form: forms.BaseForm, data: dict[str, Any]) -> None:
        """Check the settings of the type chosen in `kind`: the form gets what is wrong, `data` what they are."""
        config = field_types[data["kind"]].Config(data["settings"].get(data["kind"], {}))
        for name, errors in config.errors.items():
            label = config.fields[name].label
            form.add_error("settings", [_("%(name)s: %(text)s") % {"name": label, "text": error} for error in errors])
        data["settings"] = config.cleaned_data

    def has_changed(self, initial: Any, data: Typed) -> bool:
        """Settings alone make no new field; those of a field that exists are compared as its type reads them."""
        if self.kind is None:
            return False
        return field_types[self.kind].Config(data.get(self.kind), initial=initial or {}).has_changed()
