"""Filters of lists that offer only what the user can see."""

from typing import Any

from django.db.models import Field
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RelatedDropdownFilter


class VisibleRelatedFilter(RelatedDropdownFilter):
    """A dropdown of related objects, such as `("workflow", VisibleRelatedFilter)`.

    Django's own related filters list every row of the table, other organizations' names included.
    """

    def field_choices(self, field: Field, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[Any, str]]:
        visible = field.remote_field.model.objects.visible_to(request.user)
        return [(each.pk, str(each)) for each in visible]
