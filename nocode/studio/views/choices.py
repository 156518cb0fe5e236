"""The rows a relation may lead to, searched while a person types, and the labels of those that are chosen."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from nocode.studio.blocks.asking import row_id
from nocode.studio.models import DataTable
from nocode.studio.services import choices
from nocode.studio.views.guard import of_table


@require_GET
@of_table("studio.view_datatable")
def table_choices(request: HttpRequest, table: DataTable) -> HttpResponse:
    """The rows of a table, for whoever may see it in the console; there the chosen ones lead to their pages."""
    return choices_answer(request, table, leads_to_rows=True)


def choices_answer(request: HttpRequest, table: DataTable, *, leads_to_rows: bool = False) -> HttpResponse:
    """Options for the words in `q`; with `ids` instead, those rows as they stand in the field."""
    if "ids" in request.GET:
        ids = [each for each in map(row_id, request.GET["ids"].replace(",", " ").split()) if each]
        chosen = {each.id: each for each in choices.named(table, ids)}
        gone = [choices.Choice(each, f"#{each}") for each in dict.fromkeys(ids) if each not in chosen]
        context = {"choices": [*chosen.values(), *gone], "table": table if leads_to_rows else None}
        return render(request, "studio/_chosen.html", context)
    found = choices.find(table, request.GET.get("q", ""))
    return render(request, "studio/_choices.html", {"choices": found, "most": choices.MOST})
