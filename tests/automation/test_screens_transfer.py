"""Pages on which workflows leave as files, arrive, and are made again: who may, and what they say."""

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from nocode.automation import arrivals
from nocode.automation.models import Workflow
from nocode.automation.transfer import writing
from tests.automation.screens import make_office
from tests.automation.transfers import SMALL, content, make_rich, outline_of
from tests.factories import make_integration, make_node, make_project, make_workflow

pytestmark = pytest.mark.django_db

PAGES = {"workflow_export": (200, 200, 404), "workflow_duplicate": (200, 403, 404), "workflow_origin": (200, 200, 404)}


@pytest.fixture
def office():
    return make_office()


@pytest.mark.parametrize("name", PAGES)
def test_owner_viewer_and_stranger(office, name):
    made = arrivals.receive(content(SMALL), office.organization)

    answers = [
        office.client(who).get(reverse(f"admin:{name}", args=[made.pk])).status_code
        for who in ("owner", "viewer", "stranger")
    ]

    assert tuple(answers) == PAGES[name]


def test_an_export_is_the_file_of_the_draft(office):
    workflow = make_rich(office.organization)

    answer = office.client("owner").get(reverse("admin:workflow_export", args=[workflow.pk]))

    assert answer.content == writing.dump(Workflow.objects.get(pk=workflow.pk))
    assert '.workflow.json"' in answer["Content-Disposition"]


def test_several_are_exported_as_a_zip(office):
    rows = [make_workflow(office.organization, name="Same") for _number in range(2)]
    data = {"action": "export_files", "_selected_action": [row.pk for row in rows]}

    answer = office.client("owner").post(reverse("admin:automation_workflow_changelist"), data)

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["same.workflow.json", "same-2.workflow.json"]


@pytest.mark.parametrize("way", ["upload", "paste"])
def test_a_file_becomes_a_draft_with_a_report(office, way):
    client, project = office.client("owner"), make_project(office.organization)
    rich = make_rich()
    text = writing.dump(rich)
    data = {"file": SimpleUploadedFile("a.json", text)} if way == "upload" else {"text": text.decode()}

    answer = client.post(
        reverse("admin:workflow_import"), data | {"place": project.pk, "tables": "on", "name": " New "}
    )

    made = Workflow.objects.get(organization=office.organization)
    assert answer["Location"] == reverse("admin:workflow_origin", args=[made.pk])
    assert (made.name, made.project, made.created_by) == ("New", project, office.owner)
    assert {**outline_of(made), "name": rich.name, "needs": {}} == {**outline_of(rich), "needs": {}}
    page = client.get(answer["Location"]).content.decode()
    assert "Partner" in page
    assert "problem to solve" in page


def test_what_is_missing_is_chosen_on_the_report(office):
    made = arrivals.receive(writing.dump(make_rich()), office.organization)
    wanted, ours = made.origin.missing["integrations"][0]["id"], make_integration(office.organization, name="Ours")
    url = reverse("admin:workflow_origin", args=[made.pk])

    refused = office.client("viewer").post(url, {f"need-{wanted}": ours.pk})
    office.client("owner").post(url, {f"need-{wanted}": make_integration().pk})  # another organization's
    before = made.nodes.get(key="call").config["integration"]
    office.client("owner").post(url, {f"need-{wanted}": ours.pk})

    assert (refused.status_code, before) == (403, wanted)
    assert made.nodes.get(key="call").config["integration"] == str(ours.pk)
    assert "needs-title" not in office.client("owner").get(url).content.decode()


def test_a_bad_file_is_refused_on_the_page_and_keeps_what_was_typed(office):
    answer = office.client("owner").post(reverse("admin:workflow_import"), {"text": '{"nope": 1}', "name": "Kept"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose where the workflow is to be." not in page
    assert "neither a workflow" in page
    assert 'value="Kept"' in page


def test_a_viewer_and_a_foreign_place_are_refused(office):
    elsewhere = make_project()
    data = {"text": json.dumps(SMALL), "place": elsewhere.pk}

    answer = office.client("owner").post(reverse("admin:workflow_import"), data)

    assert answer.status_code == 422
    assert not Workflow.objects.exists()


def test_a_copy_is_made_under_its_name(office):
    workflow = make_rich(office.organization)

    answer = office.client("owner").post(reverse("admin:workflow_duplicate", args=[workflow.pk]), {"name": "Second"})

    made = Workflow.objects.get(name="Second")
    assert answer["Location"] == reverse("admin:automation_workflow_change", args=[made.pk])
    assert office.client("owner").get(answer["Location"]).status_code == 200


@pytest.mark.parametrize("steps", [1, 30])
def test_the_report_costs_the_same_for_any_number_of_steps(office, steps, django_assert_max_num_queries):
    made = arrivals.receive(content(SMALL), office.organization)
    for number in range(steps):
        make_node(made, f"step_{number}")
    client, url = office.client("owner"), reverse("admin:workflow_origin", args=[made.pk])
    client.get(url)

    with django_assert_max_num_queries(34):
        assert client.get(url).status_code == 200
