"""People of the organization, by their id: a project's schema holds no reference to the platform's tables."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from nocode.studio.fields.base import EMPTINESS, NO_SETTINGS, FieldType, field_types
from nocode.studio.fields.choice import KeepingChoiceField
from nocode.studio.fields.conversions import call

if TYPE_CHECKING:
    from nocode.studio.layouts import Layout
    from nocode.studio.models import Field

NOWHERE = "00000000-0000-0000-0000-000000000000"  # the organization without members
MOST_PEOPLE = 2000  # known, and offered, at once
_SECONDS = 60  # until a new name is seen


class _Names:
    """Names of people by id. One question brings those of all colleagues: a page of rows asks once."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, str]] = {}
        self._until = 0.0

    def of(self, person: int, organization: str = "") -> str:
        """The name of anybody, or of a member of an organization; empty when there is none."""
        if time.monotonic() > self._until:
            self._known, self._until = {}, time.monotonic() + _SECONDS
        known = self._known.setdefault(organization, {})
        if person not in known:
            asked = [Q(organizations=organization)] if organization else [Q(pk=person), _with(person)]
            known |= {person: ""} | {pk: name for each in asked for pk, name in _people(each).items()}
        return known[person]


def _with(person: int) -> Q:
    return Q(organizations__memberships__user=person)


def _people(condition: Q) -> dict[int, str]:
    found = get_user_model().objects.filter(condition).distinct().order_by("name", "email")
    return {pk: name or email for pk, name, email in found.values_list("pk", "name", "email")[:MOST_PEOPLE]}


_names = _Names()


class Person(FieldType):
    """What all fields that hold a person have in common. In SQL and in workflows a person is a number."""

    column = "bigint"

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_integer", text, 1, None)

    def parse(self, value: Any) -> int | None:
        person = field_types["integer"].parse(value)
        if person is not None and person < 1:
            raise ValidationError(_("%(id)d is nobody's number") % {"id": person})
        return person

    def display(self, value: int, settings: Mapping = NO_SETTINGS) -> str:
        """The name; with an `organization` in the settings, that of a member only."""
        return _names.of(value, settings.get("organization", "")) or _("deleted person %(id)d") % {"id": value}

    def to_form(self, value: int) -> str:
        return str(value)

    def cell(self, value: int, settings: Mapping = NO_SETTINGS) -> SafeString:
        return format_html('<span class="c-person">{}</span>', self.display(value, settings))

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(widget=UnfoldAdminIntegerFieldWidget(attrs={"min": "1"}), **options)

    def row_field(self, field: Field, layout: Layout, **options: Any) -> forms.Field:
        """The members to choose from, and whoever is chosen already."""
        people = _people(Q(organizations=layout.organization_id))
        if (chosen := options.get("initial")) and int(chosen) not in people:
            people[int(chosen)] = self.display(int(chosen), {"organization": str(layout.organization_id)})
        return KeepingChoiceField(choices=[("", "—"), *people.items()], widget=UnfoldAdminSelectWidget(), **options)


@field_types.register
class Member(Person):
    """A member of the organization."""

    kind, label = "user", gettext_lazy("Person")
    operators = ("eq", "ne", *EMPTINESS)

    def accept(self, values: Collection[int], layout: Layout) -> None:
        strangers = set(values) - set(_people(Q(pk__in=values, organizations=layout.organization_id)))
        if strangers:
            raise ValidationError(_("%(id)d is not a member of this organization") % {"id": min(strangers)})

    def reading(self, field: Field, layout: Layout) -> tuple[FieldType, dict]:
        return self, field.settings | {"organization": str(layout.organization_id)}

    def display(self, value: int, settings: Mapping = NO_SETTINGS) -> str:
        """The name of a member: numbers that came from elsewhere (another type, old history) must name no stranger."""
        return super().display(value, {"organization": NOWHERE, **settings})
