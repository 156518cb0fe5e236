"""The table of a list of the console."""

from typing import Any

from django import template
from django.contrib.admin.views.main import ChangeList
from django.template import Context
from unfold.templatetags.unfold_list import result_headers

from nocode.foundation.admin.rows import rows

register = template.Library()


@register.inclusion_tag("foundation/_list.html", takes_context=True)
def console_list(context: Context, cl: ChangeList) -> dict[str, Any]:
    """The rows of a list under the names of its columns, or what to say when there are none."""
    headers = list(result_headers(cl))
    return {
        "cl": cl,
        "result_headers": headers,
        "num_sorted_fields": sum(header.get("sorted", False) for header in headers),
        "rows": list(rows(cl)),
        "actions_row": context.get("actions_row"),
        "has_add_permission": cl.model_admin.has_add_permission(context["request"]),
    }
