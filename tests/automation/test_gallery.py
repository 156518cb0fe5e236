"""Templates of workflows: each can be used as it is, and those that need nothing from outside run."""

import jsonschema
import pytest
from django.urls import reverse

from nocode.automation import gallery
from nocode.automation.integrations import base
from nocode.automation.models import Approval, Integration, Workflow
from nocode.automation.services import executions, workflows
from nocode.automation.triggers import trigger_types
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import Notification
from nocode.studio.services.records import Records
from tests.automation.screens import make_office
from tests.automation.transfers import SCHEMA, outline_of
from tests.factories import make_integration, make_organization, make_project, make_user

pytestmark = pytest.mark.django_db

KEYS = [each.key for each in gallery.TEMPLATES]
VALUES = {
    "smtp": {"host": "mail.test", "port": 25, "security": "none", "sender": "a@example.com"},
    "http.bearer": {"token": "t"},
}


def used(key: str, organization=None) -> Workflow:
    """A workflow made of a template, with integrations of the names it asks for, published."""
    organization = organization or make_organization()
    chosen = gallery.template(key)
    for each in chosen.integrations:
        make_integration(organization, each["type"], name=each["name"], values=VALUES[each["type"]])
    made = gallery.make(chosen, organization, project=make_project(organization))
    assert workflows.validate(made) == []
    workflows.publish(made)
    return Workflow.objects.select_related("project").get(pk=made.pk)


def run(workflow: Workflow, data: dict):
    return executions.run_now(executions.start(workflow, input=data).pk, budget=20)


def rows(workflow: Workflow, table: str) -> list[dict]:
    return Records(workflow.project.tables.get(physical_name=table)).find([], limit=100)


@pytest.mark.parametrize("key", KEYS)
def test_each_keeps_to_the_schema_is_told_in_words_and_can_be_published(key):
    chosen = gallery.template(key)
    jsonschema.validate(chosen.outline, SCHEMA)

    made = used(key)

    assert made.status == Workflow.Status.ACTIVE
    assert made.triggers.filter(is_active=True).count() == len(chosen.outline["triggers"])
    assert [each["verdict"] for each in made.origin.remarks if each["verdict"] != "note"] == []
    assert _told(outline_of(made)) == _told(chosen.outline)


def _told(outline: dict) -> tuple:
    """A workflow without the order of its steps, which is that of their places."""
    edges = [(edge["source"], edge["port"], edge["target"]) for edge in outline["edges"]]
    steps = sorted((node["key"], node["kind"], node["label"]) for node in outline["nodes"])
    return steps, sorted(edges), outline["settings"], [table["key"] for table in outline["needs"]["tables"]]


def test_there_are_many_and_each_has_its_own_words():
    assert len({str(each.name) for each in gallery.TEMPLATES}) == len(KEYS) >= 12


@pytest.mark.parametrize(("hour", "key"), [(9, "morning"), (15, "day")])
def test_say_hello_greets(hour, key):
    made = used("say_hello")
    node = made.nodes.get(key="who")
    node.config["values"][1]["value"] = str(hour)
    node.save()
    workflows.publish(made)

    execution = run(Workflow.objects.get(pk=made.pk), {"name": "Ada"})

    assert (execution.status, "Ada" in execution.output) == ("completed", True)
    assert execution.steps.filter(node_key=key).exists()


def test_a_webhook_becomes_a_row_or_a_refusal():
    made = used("webhook_to_table")

    good = run(made, {"body": {"name": "Ada", "email": "ada@example.com"}})
    bad = run(made, {"body": {"name": ""}})

    assert (good.response["status"], bad.response["status"]) == (201, 422)
    assert [row["name"] for row in rows(made, "contacts")] == ["Ada"]


def test_small_requests_are_granted_and_the_owners_are_asked_about_large_ones():
    organization = make_organization()
    make_user(organization=organization)
    made = used("form_request", organization)

    small, large = (
        run(made, {"who": "Ada", "email": "ada@example.com", "what": "A chair", "amount": amount})
        for amount in (50, 500)
    )

    assert (small.status, large.status) == ("completed", "waiting")
    assert [row["state"] for row in rows(made, "requests")] == ["granted"]
    assert Approval.objects.get(execution=large).title == "Ada asks for A chair"


def test_an_issue_is_one_row_however_often_it_changes():
    made = used("github_to_table")
    issue = {"number": 7, "title": "It breaks", "state": "open", "html_url": "https://github.com/acme/shop/issues/7"}

    for state in ("open", "closed"):
        run(made, {"body": {"repository": {"full_name": "acme/shop"}, "issue": {**issue, "state": state}}})
    run(made, {"body": {"zen": "Keep it simple"}})

    assert [(row["number"], row["state"]) for row in rows(made, "issues")] == [("acme/shop#7", "closed")]


def test_old_rows_are_deleted_and_counted():
    organization = make_organization()
    owner = make_user(organization=organization)
    made = used("monthly_cleanup", organization)
    records = Records(made.project.tables.get())
    for day in ("2020-01-01", "2020-01-02", "2999-01-01"):
        records.create({"page": "/", "seen_on": day})

    execution = run(made, {})

    assert execution.status == "completed"
    assert [str(row["seen_on"]) for row in rows(made, "visits")] == ["2999-01-01"]
    assert Notification.objects.filter(user=owner, title__startswith="2 ").exists()


def test_a_failed_execution_is_told_to_the_owners():
    organization = make_organization()
    owner = make_user(organization=organization)
    made = used("error_notifier", organization)

    run(made, {"payload": {"workflow_name": "Orders", "error_message": "No header"}})

    assert Notification.objects.filter(user=owner, title="“Orders” failed").exists()


# --- Pages


@pytest.fixture
def office():
    return make_office()


def test_the_gallery_is_searched_and_shows_what_each_needs(office):
    client = office.client("owner")

    everything = client.get(reverse("admin:workflow_templates")).content.decode()
    found = client.get(reverse("admin:workflow_templates"), {"q": "github"}).content.decode()
    nothing = client.get(reverse("admin:workflow_templates"), {"q": "submarine"}).content.decode()

    assert everything.count("c-template__link") == len(KEYS)
    assert "Mail server" in everything
    assert [key for key in KEYS if f"templates/{key}/" in found] == ["github_to_table"]
    assert "No template is about that" in nothing


def test_a_template_is_used_from_its_page(office):
    client, url = office.client("owner"), reverse("admin:workflow_template", args=["daily_report"])
    mail = make_integration(office.organization, "smtp", name="Mail server", values=VALUES["smtp"])

    assert "Mail server" in client.get(url).content.decode()
    answer = client.post(url, {"name": "Morning", "place": office.organization.pk})

    made = Workflow.objects.get(name="Morning")
    assert answer["Location"] == reverse("admin:automation_workflow_change", args=[made.pk])
    assert (made.project.tables.get().physical_name, made.created_by) == ("tasks", office.owner)
    assert made.nodes.get(key="mail").config["integration"] == str(mail.pk)


def test_the_page_leads_from_the_draft_to_the_first_execution(office):
    client = office.client("owner")
    made = gallery.make(gallery.template("say_hello"), office.organization, user=office.owner)
    url = reverse("admin:automation_workflow_change", args=[made.pk])

    def next_step() -> str:
        page = client.get(url).content.decode()
        return page.partition("is-next")[2].partition("</li>")[0]

    assert reverse("admin:workflow_publish", args=[made.pk]) in next_step()
    workflows.publish(made)
    assert reverse("admin:workflow_run", args=[made.pk]) in next_step()
    execution = run(Workflow.objects.get(pk=made.pk), {"name": "Ada"})
    assert reverse("admin:execution_detail", args=[execution.pk]) in next_step()
    run(Workflow.objects.get(pk=made.pk), {"name": "Ada"})
    run(Workflow.objects.get(pk=made.pk), {"name": "Ada"})
    assert next_step() == ""


def test_viewers_and_people_elsewhere_make_nothing(office):
    url = reverse("admin:workflow_template", args=["say_hello"])

    office.client("viewer").post(url, {"name": "X", "place": office.organization.pk})
    office.client("stranger").post(url, {"name": "X", "place": office.organization.pk})

    assert not Workflow.objects.filter(organization=office.organization).exists()
    assert office.client("owner").get(reverse("admin:workflow_template", args=["nothing"])).status_code == 404


def test_what_is_refused_leaves_nothing_behind(office):
    project = make_project(office.organization, "Daily report by e-mail")

    with pytest.raises(NoCodeError):
        gallery.make(gallery.template("daily_report"), office.organization)  # a project of this name is there

    assert not Workflow.objects.exists()
    assert not project.tables.exists()
    assert not Integration.objects.exists()


def test_templates_name_triggers_and_integrations_that_exist():
    for each in gallery.TEMPLATES:
        assert all(kind in trigger_types for kind in each.triggers)
        assert all(need["type"] in base.integration_types for need in each.integrations), each.key
