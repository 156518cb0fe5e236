"""What the pages read of activities. Each function is one query; scope comes in as the user."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import CharField, Model, QuerySet, Value
from django.db.models.functions import Cast
from django.urls import reverse

from nocode.foundation.models import OutboxEvent, User
from nocode.foundation.models.event import GAVE_UP, PENDING
from nocode.insights.models import UserActivity
from nocode.insights.tracker import LOST

Target = tuple[str, str]


def links(user: User, activities: Iterable[UserActivity]) -> dict[Target, str]:
    """The pages of what the activities are about, of all that still exists and the person may see."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for each in activities:
        if each.target_id:
            wanted[each.target_type].add(each.target_id)
    models = {label: model for label in wanted if (model := _model_with_pages(label))}
    found = [_visible(user, model, label, wanted[label]) for label, model in models.items()]
    if not found:
        return {}
    return {(label, pk): _page_of(models[label], pk) for label, pk in found[0].union(*found[1:])}


def _visible(user: User, model: type[Model], label: str, ids: set[str]) -> QuerySet:
    rows = model.objects.visible_to(user).filter(pk__in=_valid(model, ids)).order_by()
    return rows.values_list(Value(label, CharField()), Cast("pk", CharField()))


def _valid(model: type[Model], ids: set[str]) -> list[Any]:
    """The ids that a row of the model could have: anything may have been noted, long ago."""
    valid = []
    for each in ids:
        with suppress(ValidationError):
            valid.append(model._meta.pk.to_python(each))
    return valid


def _model_with_pages(label: str) -> type[Model] | None:
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        return None
    return model if admin.site.is_registered(model) and hasattr(model.objects, "visible_to") else None


def _page_of(model: type[Model], pk: str) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])


def lost_activities(user: User) -> int:
    """How many activities could not be written yet, or at all."""
    return OutboxEvent.objects.visible_to(user).filter(PENDING | GAVE_UP, name=LOST).count()
