"""One look everywhere: of titles, of histories, of numbers and times, and of what is empty."""

import datetime as dt
import re

import pytest
from django.template import Context, Template
from django.urls import reverse
from django.utils.formats import localize
from django.utils.translation import override

from nocode.automation.models import Workflow
from nocode.studio.models import DataTable

pytestmark = pytest.mark.django_db


def title_of(answer) -> str:
    return re.search(r"<title>(.*?)</title>", answer.content.decode(), re.S)[1].strip()


@pytest.mark.parametrize(
    ("name", "has_object", "title"),
    [
        ("automation_workflow_changelist", False, "Workflows | NoCode"),
        ("automation_workflow_add", False, "Ajouter workflow | NoCode"),
        ("automation_workflow_change", True, "Zebrafish workflow 0 | Workflow | NoCode"),
    ],
)
def test_titles_are_names_and_no_sentences(world, as_person, name, has_object, title):
    url = reverse(f"admin:{name}", args=[world.rows[Workflow].pk] if has_object else [])

    answer = as_person("owner").get(url, headers={"Accept-Language": "fr"})

    assert title_of(answer) == title


def test_the_title_of_a_module_is_its_name(as_person):
    answer = as_person("owner").get("/admin/automation/", headers={"Accept-Language": "fr"})

    assert title_of(answer) == "Automatisation | NoCode"


def test_a_history_shows_a_dash_for_what_nobody_said(world, as_person):
    workflow = world.rows[Workflow]
    workflow.description = "Changed"
    workflow.save()

    page = as_person("owner").get(reverse("admin:automation_workflow_history", args=[workflow.pk])).content.decode()

    rows = re.findall(r'<td data-label="(By|Why)"[^>]*>(.*?)</td>', page)
    assert rows == [("By", "–"), ("Why", "–")] * 2
    assert "None" not in re.sub(r"<[^>]*>", "", page.partition('id="change-history"')[2])


@pytest.mark.parametrize(("model", "is_offered"), [(Workflow, True), (DataTable, False)])
def test_a_history_is_offered_where_one_is_kept(world, as_person, model, is_offered):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    pk = world.rows[model].pk

    page = as_person("owner").get(reverse(f"{name}_change", args=[pk])).content.decode()

    assert (reverse(f"{name}_history", args=[pk]) in page) == is_offered


@pytest.mark.parametrize(
    ("language", "number", "moment"),
    [("en", "12,345", "3 Nov 2026, 05:13"), ("fr", "12\xa0345", "3 nov. 2026, 05:13")],
)
def test_numbers_and_times_look_the_same_everywhere(language, number, moment):
    at = dt.datetime(2026, 11, 3, 5, 13)
    ways = Template("{% load humanize %}{{ n }}|{{ n|intcomma }}|{{ at }}|{{ at|date:'SHORT_DATETIME_FORMAT' }}")

    with override(language):
        shown = ways.render(Context({"n": 12345, "at": at}))

        assert localize(12345) == number
        assert shown == f"{number}|{number}|{moment}|{moment}"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_coordinates_are_no_numbers_for_people(language):
    box = {"key": "a", "label": "A", "x": 12345, "y": 2345, "width": 180, "height": 56}
    diagram = {"picture": {"width": 13579, "height": 2468}, "boxes": [{"box": box}], "wires": []}
    bar = {"status": "completed", "start": 1000, "width": 1234, "attempt": 1}
    lane = {"key": "a", "label": "A", "status": "completed", "seconds": 1, "attempts": 1, "bars": [bar]}
    context = {
        "diagram": diagram,
        "timeline": {"lanes": [lane]},
        "execution": {"pk": "01a207f4-cf89-7fdb-be9e-36ae3128f98e"},
    }

    with override(language):
        drawn = Template('{% include "automation/_graph.html" %}{% include "automation/_timeline.html" %}')
        html = drawn.render(Context(context))

    assert 'width="13579"' in html
    assert 'x="12345"' in html
    assert 'x="1000" width="1234"' in html


def test_read_only_fields_show_the_dash_of_lists(world, as_person):
    workflow = world.rows[Workflow]
    url = reverse("admin:automation_workflow_change", args=[workflow.pk])

    page = as_person("viewer").get(url).content.decode()

    shown = [text.strip() for text in re.findall(r'<div class="readonly[^>]*>(.*?)</div>', page, re.S)]
    assert "–" in shown
    assert not {"-", "None", ""} & set(shown)
