"""Lists of the console draw their rows cheaply, whatever their model: what a row costs in templates and bytes."""

import re

import pytest
from django.contrib import admin
from django.template.base import Template
from django.urls import reverse

from nocode.foundation.models import OutboxEvent
from tests.console.conftest import log_in
from tests.factories import make_organization, make_user, make_workflow

pytestmark = pytest.mark.django_db

BEYOND = ("list_editable", "list_sections", "ordering_field")  # what Unfold's rows can do, and ours do not
MOST_BYTES_OF_A_CELL = 200  # Unfold writes some 700, four fifths of which are the same in each


@pytest.fixture
def drawn(monkeypatch) -> list[str]:
    """The names of the templates that are drawn, one for each time."""
    names, draw = [], Template._render

    def noted(template: Template, context) -> str:
        names.append(template.name)
        return draw(template, context)

    monkeypatch.setattr(Template, "_render", noted)
    return names


def rows_of(answer) -> list[str]:
    table = re.search(r'<table id="result_list".*?<tbody>(.*?)</tbody>', answer.content.decode(), re.DOTALL)
    return re.findall(r"<tr>.*?</tr>", table[1], re.DOTALL)


@pytest.mark.parametrize("model", ["automation_workflow", "foundation_outboxevent"])
def test_rows_cost_values_and_no_templates(drawn, model):
    organization = make_organization()
    client, url = log_in(make_user(organization=organization)), reverse(f"admin:{model}_changelist")

    def add() -> None:
        if model == "automation_workflow":
            make_workflow(organization)
        else:
            OutboxEvent.objects.create(name="thing.made", key="k", payload={}, organization=organization)

    add()
    client.get(url)
    del drawn[:]
    one = rows_of(client.get(url))
    for_one = len(drawn)
    for _number in range(20):
        add()
    del drawn[:]

    many = rows_of(client.get(url))

    assert (len(one), len(many)) == (1, 21)
    assert len(drawn) == for_one
    assert max(len(row) / len(re.findall(r"<t[dh]", row)) for row in many) < MOST_BYTES_OF_A_CELL


def test_a_row_leads_to_its_object_and_back_to_the_same_page_of_the_list():
    workflow = make_workflow()
    client = log_in(make_user(organization=workflow.organization))
    url = reverse("admin:automation_workflow_changelist")

    [row] = rows_of(client.get(url, {"q": workflow.name}))

    there = reverse("admin:automation_workflow_change", args=[workflow.pk])
    assert f'<a class="c-opens" href="{there}?_changelist_filters=q%3D' in row


@pytest.mark.parametrize("page", admin.site._registry.values(), ids=lambda page: page.opts.label)
def test_no_list_asks_for_what_our_rows_do_not_draw(page):
    """To draw it, extend `foundation/admin/rows.py`."""
    methods = [getattr(page, name, None) for name in page.list_display if isinstance(name, str)]

    assert [asked for name in BEYOND if (asked := getattr(page, name, None))] == []
    assert [each for each in methods if any(hasattr(each, look) for look in ("label", "header", "dropdown"))] == []
