"""The rows a relation may lead to, searched while a person types, and the labels of those that are chosen."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from nocode.studio.models import DataTable
from nocode.studio.services import choices
from nocode.studio.views.guard import of_table


@require_GET
@of_table("studio.view_datatable")
def table_choices(request: HttpRequest, table: DataTable) -> HttpResponse:
    """Options for the words in `q`; with `ids` instead, those rows as they stand in the field."""
    if "ids" in request.GET:
        ids = [int(text) for text in request.GET["ids"].replace(",", " ").split() if text.isdecimal()]
        chosen = {each.id: each for each in choices.named(table, ids)}
        gone = [choices.Choice(each, f"#{each}") for each in dict.fromkeys(ids) if each not in chosen]
        return render(request, "studio/_chosen.html", {"choices": [*chosen.values(), *gone], "table": table})
    found = choices.find(table, request.GET.get("q", ""))
    return render(request, "studio/_choices.html", {"choices": found, "most": choices.MOST})
