"""Forms of block settings, and fields whose choices are the project's tables, fields and pages."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from nocode.foundation.json_text import storable


class BlockForm(forms.Form):
    """The settings of a block. `tables` are the project's DataTables by id, `pages` its titles by address.

    Only what is among them may be chosen, so the same form draws the panel, guards saving and checks before going live.
    """

    def __init__(
        self, *args: Any, tables: Mapping[str, Any] | None = None, pages: Mapping[str, str] | None = None, **kwargs: Any
    ):
        super().__init__(*args, **kwargs)
        self.tables, self.pages = tables or {}, pages or {}
        for field in self.fields.values():
            if isinstance(field, Offered):
                field.offer(self)

    @property
    def chosen_table(self) -> Any:
        """The chosen table, None when there is none (any more)."""
        if "table" not in self.fields:
            return None
        chosen = self["table"].value()
        return self.tables.get(chosen) if isinstance(chosen, str) else None

    def columns(self) -> dict[str, Any]:
        """The fields of the chosen table, by physical name."""
        table = self.chosen_table
        return {} if table is None else {field.physical_name: field for field in table.fields.all()}


class Offered:
    """A choice that depends on the project, and maybe on the table chosen beside it."""

    def offer(self, form: BlockForm) -> None:
        raise NotImplementedError


class PlainText(forms.CharField):
    """Text that PostgreSQL can keep."""

    def __init__(self, **options: Any):
        super().__init__(validators=[storable], **options)


class TableChoice(Offered, forms.ChoiceField):
    """A table of the project, kept as its id."""

    default_error_messages = {
        "invalid_choice": gettext_lazy("This project has no such table; choose another one."),
        "required": gettext_lazy("Choose a table."),
    }

    def __init__(self, **options: Any):
        super().__init__(**{"label": gettext_lazy("Table"), **options})

    def offer(self, form: BlockForm) -> None:
        self.choices = [("", "—"), *((key, table.label) for key, table in form.tables.items())]


class _FieldChoices(Offered):
    default_error_messages = {
        "invalid_choice": gettext_lazy("The table has no field “%(value)s” that fits here; choose another one.")
    }

    def __init__(self, *, fits: Callable[[Any], bool] = lambda field_type: True, **options: Any):
        self.fits = fits
        super().__init__(**{"required": False, **options})

    def _fitting(self, form: BlockForm) -> list[tuple[str, str]]:
        return [(name, field.label) for name, field in form.columns().items() if self.fits(field.type)]


class FieldChoice(_FieldChoices, forms.ChoiceField):
    """A field of the chosen table, kept as its physical name."""

    def __init__(self, *, more: tuple[tuple[str, Any], ...] = (("", "—"),), **options: Any):
        self.more = more
        super().__init__(**options)

    def offer(self, form: BlockForm) -> None:
        self.choices = [*self.more, *self._fitting(form)]


class FieldList(_FieldChoices, forms.MultipleChoiceField):
    """Fields of the chosen table, kept as a list of physical names."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **options: Any):
        super().__init__(**{"initial": list, **options})

    def offer(self, form: BlockForm) -> None:
        self.choices = self._fitting(form)


class PageChoice(Offered, forms.ChoiceField):
    """A page of the project, kept as its address."""

    default_error_messages = {
        "invalid_choice": gettext_lazy("This project has no page “%(value)s”; choose another one.")
    }

    def __init__(self, *, nothing: Any, **options: Any):
        self.nothing = nothing  # what an empty choice means
        super().__init__(**{"required": False, **options})

    def offer(self, form: BlockForm) -> None:
        self.choices = [("", self.nothing), *form.pages.items()]
