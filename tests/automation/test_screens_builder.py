"""The builder over HTTP: who may look and change, what an answer holds, and who is told of a conflict."""

import json
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from nocode.automation.models import Node
from nocode.automation.services import drafts
from tests.automation.screens import make_office
from tests.factories import make_node, make_workflow

pytestmark = pytest.mark.django_db

MOVE = [{"op": "move", "places": {"first": [100, 40]}}]


@pytest.fixture
def office():
    return make_office()


def post(client, workflow, ops, revision=0):
    url = reverse("admin:workflow_draft", args=[workflow.pk])
    return client.post(url, json.dumps({"revision": revision, "ops": ops}), content_type="application/json")


@pytest.mark.parametrize(
    ("who", "looks", "changes"), [("owner", 200, 200), ("viewer", 200, 403), ("stranger", 404, 404)]
)
def test_who_may_look_and_who_may_change(office, who, looks, changes):
    workflow, client = office.workflow(), office.client(who)

    assert client.get(reverse("admin:workflow_builder", args=[workflow.pk])).status_code == looks
    assert client.get(reverse("admin:workflow_draft", args=[workflow.pk])).status_code == looks
    assert post(client, workflow, MOVE).status_code == changes

    assert (workflow.nodes.get(key="first").x == 100) == (changes == 200)


def test_whoever_may_only_look_is_offered_nothing_to_change(office):
    page = office.client("viewer").get(reverse("admin:workflow_builder", args=[office.workflow().pk]))

    assert b"data-add-after" not in page.content
    assert b"data-cut" not in page.content


def test_an_answer_draws_what_changed_and_nothing_else(office):
    workflow = office.workflow()

    answer = post(office.client("owner"), workflow, [{"op": "configure", "step": "second", "label": "Ask"}]).json()

    assert (answer["revision"], list(answer["html"])) == (1, ["card-second"])
    assert "Ask" in answer["html"]["card-second"]
    assert answer["inverse"] == [{"op": "configure", "step": "second", "label": "Second"}]


def test_what_moved_is_told_by_its_place(office):
    workflow = office.workflow()

    answer = post(office.client("owner"), workflow, MOVE).json()

    assert answer["places"] == {"first": [100, 40]}
    assert list(answer["html"]) == ["line-first.main.second"]
    assert "problems" not in answer


def test_what_is_gone_is_null(office):
    workflow = office.workflow()

    answer = post(office.client("owner"), workflow, [{"op": "remove", "steps": ["second"]}]).json()

    assert answer["html"] == {"card-second": None, "line-first.main.second": None}


def test_a_stale_revision_is_told_who_did_what(office):
    workflow = office.workflow()
    drafts.apply(workflow, [{"op": "configure", "step": "first", "label": "Ask"}], user=office.owner)

    answer = post(office.client("owner"), workflow, MOVE)

    assert answer.status_code == 409
    assert answer.json()["revision"] == 1
    [change] = answer.json()["changes"]
    assert (change["who"], change["what"]) == ("Olive Owner", "changed “Ask”")
    assert workflow.nodes.get(key="first").x == 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "not JSON"),
        ("[]", "revision"),
        ('{"revision": "1", "ops": []}', "revision"),
        ('{"revision": 0, "ops": []}', "1 to"),
        ('{"revision": 0, "ops": [1]}', "object"),
        ('{"revision": 0, "ops": [{"op": "remove", "steps": ["zoe"]}]}', "zoe"),
        ('{"revision": 0, "ops": [{"op": "configure", "step": "zoe", "form": "x=1"}]}', "zoe"),
        ('{"revision": 0, "ops": [{"op": "move", "places": {"first": ["\\u0000", 1]}}]}', ""),
    ],
)
def test_what_cannot_be_is_refused_in_words(office, body, said):
    url = reverse("admin:workflow_draft", args=[office.workflow().pk])

    answer = office.client("owner").post(url, body, content_type="application/json")

    assert answer.status_code == 400
    assert said in answer.json()["error"]


def form_of(**values) -> str:
    return urlencode({"label": "Call", "key": "call", "on_error": "stop", "max_retries": "3", **values})


def test_the_form_of_the_panel_is_kept_as_typed_and_its_mistakes_are_named(office):
    workflow = office.workflow()
    make_node(workflow, "call", "http.request")
    form = form_of(**{"label": "Ask", "config-url": "https://example.com/", "config-timeout": "soon"})

    answer = post(office.client("owner"), workflow, [{"op": "configure", "step": "call", "form": form}]).json()

    node = Node.objects.get(workflow=workflow, key="call")
    assert (node.label, node.config["url"], node.config["timeout"]) == ("Ask", "https://example.com/", "soon")
    assert "config-timeout" in answer["mistakes"]
    assert {problem["step"] for problem in answer["problems"]} == {"call"}


def test_a_name_or_a_key_that_cannot_be_stays_as_it_was(office):
    workflow = office.workflow()
    form = urlencode({"label": "", "key": "second", "on_error": "branch", "max_retries": "1"})

    answer = post(office.client("owner"), workflow, [{"op": "configure", "step": "first", "form": form}]).json()

    node = Node.objects.get(workflow=workflow, key="first")
    assert (node.label, node.on_error, node.max_retries) == ("First", "branch", 1)
    assert answer["mistakes"].keys() == {"label", "key"}


@pytest.mark.parametrize("steps", [1, 30])
def test_a_change_costs_the_same_however_many_steps_there_are(office, steps, django_assert_max_num_queries):
    workflow = make_workflow(office.organization)
    for number in range(steps):
        make_node(workflow, f"s{number}")
    client = office.client("owner")

    with django_assert_max_num_queries(26):
        answer = post(client, workflow, [{"op": "configure", "step": "s0", "label": "Ask"}])
    with django_assert_max_num_queries(26):
        page = client.get(reverse("admin:workflow_builder", args=[workflow.pk]))

    assert (answer.status_code, page.status_code) == (200, 200)
