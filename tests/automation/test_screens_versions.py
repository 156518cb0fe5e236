"""Comparing versions, and bringing one back."""

import pytest
from django.urls import reverse

from nocode.automation.services import drafts, workflows
from tests.automation.screens import make_office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office()


@pytest.fixture
def workflow(office):
    """Version 1 is first → second; version 2 has another second, and a third in place of the first."""
    workflow = office.workflow()
    operations = [
        {"op": "configure", "step": "second", "config": {}},
        {"op": "remove", "steps": ["first"]},
        {"op": "add", "step": {"kind": "set", "key": "third"}, "after": {"step": "second"}},
    ]
    drafts.apply(workflow, operations)
    workflows.publish(workflow)
    return workflow


def compare_url(workflow, **query) -> str:
    return reverse(
        "admin:workflow_compare", args=[workflow.pk], query={name.strip("_"): v for name, v in query.items()}
    )


def marks(answer) -> dict[str, str]:
    return {each["box"].key: each["mark"] for each in answer.context["diagram"]["boxes"]}


def test_two_versions_are_drawn_as_one_with_what_differs(office, workflow):
    answer = office.client("viewer").get(compare_url(workflow, from_=1, to=2))

    assert marks(answer) == {"first": "removed", "second": "changed", "third": "added"}
    assert {each["mark"] for each in answer.context["diagram"]["wires"]} == {"added", "removed"}


def test_the_newest_version_is_compared_with_the_draft_unless_others_are_chosen(office, workflow):
    client = office.client("viewer")

    assert set(marks(client.get(compare_url(workflow))).values()) == {""}
    assert client.get(compare_url(workflow, from_=9)).status_code == 404
    assert client.get(compare_url(workflow, from_="x")).status_code == 404


def test_what_would_be_published_is_drawn_too(office, workflow):
    drafts.apply(workflow, [{"op": "remove", "steps": ["third"]}])

    answer = office.client("owner").get(reverse("admin:workflow_publish", args=[workflow.pk]))

    assert marks(answer) == {"second": "", "third": "removed"}


@pytest.mark.parametrize(("who", "status"), [("owner", 302), ("viewer", 403), ("stranger", 404)])
def test_who_may_bring_a_version_back(office, workflow, who, status):
    answer = office.client(who).post(reverse("admin:version_restore", args=[workflow.pk, 1]))

    assert answer.status_code == status
    assert workflow.nodes.filter(key="first").exists() == (status == 302)
