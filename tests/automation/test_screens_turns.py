"""The page of an execution with a loop: the turns of a step are counted, and read one at a time."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nocode.automation.services import executions
from tests.automation.looping import KIND, make_loop, picky_step
from tests.automation.screens import make_office

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
NUMBER = {"values": [{"name": "n", "value": "{{ item }}", "type": "number"}]}


@pytest.fixture
def office():
    return make_office()


@pytest.fixture
def picky():
    with picky_step() as kind:
        yield kind


def run(office, *body, items, **config):
    workflow = make_loop(*body, config=config, organization=office.organization)
    return executions.run_now(executions.start(workflow, input={"items": items}).pk, budget=20)


def page(client, execution, key="", query="") -> str:
    name, args = ("execution_step", [execution.pk, key]) if key else ("execution_detail", [execution.pk])
    response = client.get(reverse(f"admin:{name}", args=args) + query)
    assert response.status_code == 200
    return response.content.decode()


def states(html: str) -> str:
    """The drawing on one line."""
    return " ".join(html.split('<div class="c-graph"')[1].split("</svg>")[0].split())


def test_the_page_counts_the_turns_of_each_step(office):
    items = [*range(1, 11), "x", "y"]
    execution = run(office, ("number", "set", NUMBER), ("after", "set", {}), items=items, on_failure="continue")

    html = page(office.client("viewer"), execution)

    assert "12 turns, 2 failed" in html
    assert 'data-step="number" data-state="failed"' in states(html)
    assert 'data-step="loop" data-state="completed"' in states(html)
    assert 'data-step="after" data-state="completed"' in states(html)
    assert html.count('class="c-lane"') == 4
    assert "×12" in html
    assert "×10" in html


def test_a_step_opens_at_the_first_turn_that_failed(office):
    execution = run(office, ("number", "set", NUMBER), items=[1, "two", 3, "four"], on_failure="continue")
    client = office.client("viewer")

    html = page(client, execution, "number")
    assert 'value="2"' in html
    assert "2 failed:" in html
    assert "?turn=4" in html
    assert "Item from “Loop”" in html
    assert "&quot;two&quot;" in html

    html = page(client, execution, "number", "?turn=3")
    assert "&quot;n&quot;: 3" in html
    assert "&quot;two&quot;" not in html


def test_the_loop_shows_itself_and_each_of_its_turns(office):
    execution = run(office, ("number", "set", NUMBER), items=[1, 2, 3])
    client = office.client("viewer")

    assert "of 3" in page(client, execution, "loop")
    html = page(client, execution, "loop", "?turn=2")

    assert "The whole loop" in html
    assert "Item from “Loop”" in html
    assert "&quot;n&quot;: 2" in html


def test_a_step_that_some_turns_left_out_is_read_to_the_last(office):
    execution = run(office, ("number", "set", NUMBER), ("after", "set", {}), items=[1, "x", 3], on_failure="continue")
    client = office.client("viewer")

    assert 'value="3"' in page(client, execution, "after")
    assert "Not reached" in page(client, execution, "after", "?turn=2")


@pytest.mark.parametrize("turn", ["0", "99", "-1", "x", "9" * 30, ""])
def test_a_turn_that_never_was_shows_one_that_was(office, turn):
    execution = run(office, ("number", "set", NUMBER), items=[1, 2, 3])

    assert 'value="3"' in page(office.client("viewer"), execution, "number", f"?turn={turn}")


def test_the_failed_turn_is_tried_again_from_its_page(office, picky):
    picky.refused = {3}
    execution = run(office, ("call", KIND, {}), items=[1, 2, 3, 4])
    client = office.client("owner")
    address = reverse("admin:execution_retry_step", args=[execution.pk, "call"]) + "?turn=3"
    assert f'action="{address}"' in page(client, execution, "call")
    assert "Retry this step" not in page(client, execution, "call", "?turn=2")

    picky.refused = set()
    client.post(address)
    execution = executions.run_now(execution.pk, budget=10)

    assert (execution.status, picky.seen) == ("completed", [1, 2, 3, 3, 4])


@pytest.mark.parametrize("items", [1, 300])
def test_what_the_pages_cost_however_many_turns(office, items):
    execution = run(office, ("number", "set", NUMBER), items=["x"] * items, on_failure="continue")
    client = office.client("viewer")

    with CaptureQueriesContext(connection) as panel:
        client.get(reverse("admin:execution_panel", args=[execution.pk]), headers=HTMX)
    with CaptureQueriesContext(connection) as step:
        html = client.get(reverse("admin:execution_step", args=[execution.pk, "number"]), headers=HTMX)
    with CaptureQueriesContext(connection) as live:
        rows = client.get(reverse("admin:live_rows"), headers=HTMX).content.decode()

    assert (len(panel), len(step)) == (7, 11)
    assert len(live) <= 5
    assert rows.count("<tr id=") == 1
    assert html.content.decode().count("?turn=") < 60
