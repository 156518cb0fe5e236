"""The page of a workflow and everything done on it: steps, connections, publishing, running."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nocode.automation.models import Edge, Node, Workflow, WorkflowExecution
from nocode.automation.nodes import node_types
from nocode.automation.services import workflows
from tests.automation.screens import make_office
from tests.factories import (
    make_chain,
    make_edge,
    make_node,
    make_project,
    make_table,
    make_trigger,
    make_workflow,
    set_values,
)

pytestmark = pytest.mark.django_db

ADD = "/admin/automation/node/add/"


@pytest.fixture
def office():
    return make_office()


@pytest.fixture
def draft(office):
    """A draft of two steps."""
    workflow = make_workflow(office.organization, name="Orders")
    make_chain(workflow, ("first", "set", set_values(x="1")), ("second", "set", set_values(y="2")))
    return workflow


def url(name: str, obj, *args) -> str:
    return reverse(f"admin:{name}", args=[obj.pk, *args])


def change_url(obj) -> str:
    return url(f"automation_{obj._meta.model_name}_change", obj)


def page(client, address: str, **query) -> str:
    response = client.get(address, query)
    assert response.status_code == 200, response
    return unescape(response.content.decode())


def ways(workflow: Workflow) -> set[str]:
    return {f"{e.source.key}-{e.port}-{e.target.key}" for e in Edge.objects.filter(workflow=workflow)}


def step_data(**more) -> dict:
    return {"label": "Third", "key": "", "on_error": "stop", "max_retries": "3", **more}


def messages(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# --- The page -------------------------------------------------------------------------------------------------------


def test_the_page_shows_steps_where_they_lead_and_what_starts_them(office, draft):
    make_trigger(draft, "schedule", name="At dawn", config={"mode": "cron", "cron": "0 6 * * *", "time_zone": "UTC"})

    html = page(office.client("viewer"), change_url(draft))

    assert 'data-step="first"' in html
    assert 'href="#step-second"' in html
    assert "At dawn" in html
    assert "Every day at 06:00" in html
    assert "Never published" in html


def test_problems_name_the_step_and_the_setting_and_lead_there(office, draft):
    bad = make_node(draft, "bad", "http.request", label="Call home", config={})

    html = page(office.client("owner"), change_url(draft))

    assert "1 problem to solve before this can be published" in html
    assert f'<a class="c-link" href="{change_url(bad)}">Call home</a> · Address: This field is required.' in html


def test_the_call_of_a_webhook_can_be_copied_by_who_may_run_it(office, draft):
    token = make_trigger(draft, "webhook").token

    assert f"curl -X POST http://testserver/hooks/{token}/" in page(office.client("owner"), change_url(draft))
    assert token not in page(office.client("viewer"), change_url(draft))


def test_a_trigger_with_broken_settings_does_not_break_the_page(office, draft):
    make_trigger(draft, "schedule", config={"mode": "cron", "cron": "often", "time_zone": "UTC"})

    assert "often" in page(office.client("owner"), change_url(draft))


def test_unpublished_changes_are_shown_until_they_are_published(office, draft):
    client = office.client("owner")
    workflows.publish(draft)
    assert "Unpublished changes" not in page(client, change_url(draft))

    make_node(draft, "third")
    assert "Unpublished changes" in page(client, change_url(draft))


def test_the_page_costs_the_same_for_a_few_steps_and_for_thirty(office):
    client, counts = office.client("owner"), []
    for size in (2, 30):
        workflow = office.workflow(*[(f"s{number}", "set", set_values(x="1")) for number in range(size)])
        for number in range(size):
            make_trigger(workflow, "webhook", name=f"hook {number}")
        for _ in range(size):
            office.finished(workflow, user=office.owner)
        with CaptureQueriesContext(connection) as queries:
            page(client, change_url(workflow))
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[0] <= 25


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_costs_at_most_ten_queries(office, rows):
    for _ in range(rows):
        office.finished(office.workflow())
    client = office.client("owner")

    with CaptureQueriesContext(connection) as queries:
        page(client, reverse("admin:automation_workflow_changelist"))

    assert len(queries) <= 10


def test_general_settings_are_saved_and_the_page_stays(office, draft):
    data = {"name": "Renamed", "description": "What for", "timeout": "60", "variables": '{"vat": 20}'}

    response = office.client("owner").post(change_url(draft), data)

    draft.refresh_from_db()
    assert (draft.name, draft.timeout, draft.variables) == ("Renamed", 60, {"vat": 20})
    assert response.url == change_url(draft)


def test_general_settings_changed_meanwhile_are_not_overwritten(office, draft):
    client, data = office.client("owner"), {"timeout": "60", "variables": "{}"}
    [seen_at] = re.findall(r'name="seen_at" value="([^"]+)"', page(client, change_url(draft)))
    client.post(change_url(draft), data | {"name": "Theirs", "seen_at": seen_at})

    response = client.post(change_url(draft), data | {"name": "Mine", "seen_at": seen_at})

    assert "Somebody changed this meanwhile" in response.context["adminform"].form.errors["name"][0]
    assert 'value="Mine"' in response.content.decode()
    draft.refresh_from_db()
    assert draft.name == "Theirs"


def test_an_invalid_general_form_still_shows_the_rest_of_the_page(office, draft):
    response = office.client("owner").post(change_url(draft), {"name": "", "timeout": "60", "variables": "{}"})

    html = response.content.decode()
    assert "This field is required." in html
    assert 'data-step="first"' in html


def test_a_new_workflow_leads_to_its_page_and_knows_its_author(office):
    data = {"name": "Fresh", "timeout": "60", "variables": "{}"}

    response = office.client("owner").post(reverse("admin:automation_workflow_add"), data)

    workflow = Workflow.objects.get(name="Fresh")
    assert response.url == change_url(workflow)
    assert (workflow.created_by, workflow.organization) == (office.owner, office.organization)
    assert "Add the first step" in page(office.client("owner"), change_url(workflow))


# --- Steps ----------------------------------------------------------------------------------------------------------


def test_every_step_type_is_offered_with_a_sentence(office, draft):
    html = page(office.client("owner"), ADD, workflow=draft.pk)

    for kind in node_types:
        assert str(kind.summary) in html
        assert f"kind={kind.kind}" in html


@pytest.mark.parametrize("kind", [each.kind for each in node_types])
def test_every_step_type_has_a_form(office, draft, kind):
    assert str(node_types[kind].label) in page(office.client("owner"), ADD, workflow=draft.pk, kind=kind)


def test_a_step_is_added_where_it_was_asked_for(office, draft):
    second = draft.nodes.get(key="second")
    query = f"?workflow={draft.pk}&kind=set&after={second.pk}&port=main"
    data = step_data(
        **{
            "config-values-name": ["total", ""],
            "config-values-value": ["{{ steps.first.x * 2 }}", ""],
            "config-values-type": ["number", ""],
            "place-after": f"{second.pk} main",
            "place-insert": "on",
        }
    )

    response = office.client("owner").post(ADD + query, data, follow=True)

    node = draft.nodes.get(key="third")
    assert node.config["values"] == [{"name": "total", "value": "{{ steps.first.x * 2 }}", "type": "number"}]
    assert ways(draft) == {"first-main-second", "second-main-third"}
    assert messages(response) == ["“Third” was added."]
    assert workflows.validate(draft) == []


def test_the_form_knows_where_it_was_asked_from(office, draft):
    second = draft.nodes.get(key="second")

    html = page(office.client("owner"), ADD, workflow=draft.pk, kind="set", after=second.pk, port="main")

    assert f'<option value="{second.pk} main" selected>' in html


def test_the_help_names_the_outputs_that_can_be_read(office, draft):
    first, second = draft.nodes.get(key="first"), draft.nodes.get(key="second")
    client = office.client("owner")

    def named(address: str, **query) -> list[bool]:
        html = page(client, address, **query)
        return [f"<code data-copy-label>steps.{key}</code>" in html for key in ("first", "second")]

    assert named(change_url(first)) == [False, False]
    assert named(change_url(second)) == [True, False]
    assert named(ADD, workflow=draft.pk, kind="set", after=second.pk, port="main") == [True, True]
    assert named(ADD, workflow=draft.pk, kind="set") == [True, True]


def test_settings_are_checked_and_errors_stand_at_their_field(office, draft):
    query = f"?workflow={draft.pk}&kind=http.request"
    data = step_data(**{"config-method": "GET", "config-url": "", "config-timeout": "900"})

    response = office.client("owner").post(ADD + query, data)

    errors = response.context["config_form"].errors
    assert set(errors) == {"url", "timeout"}
    assert draft.nodes.count() == 2


def test_a_setting_that_holds_an_expression_is_kept_as_typed(office, draft):
    query = f"?workflow={draft.pk}&kind=http.request"
    data = step_data(
        **{"config-method": "GET", "config-url": "{{ vars.home }}", "config-timeout": "{{ vars.patience }}"}
    )

    office.client("owner").post(ADD + query, data)

    config = draft.nodes.get(key="third").config
    assert (config["url"], config["timeout"]) == ("{{ vars.home }}", "{{ vars.patience }}")
    assert "{{ vars.patience }}" in page(office.client("owner"), change_url(draft.nodes.get(key="third")))


def test_a_time_is_stored_as_it_was_typed(office, draft):
    query = f"?workflow={draft.pk}&kind=wait"
    data = step_data(**{"config-amount": "", "config-unit": "days", "config-until": "2027-01-01 08:00"})

    office.client("owner").post(ADD + query, data)

    assert draft.nodes.get(key="third").config == {"amount": None, "unit": "days", "until": "2027-01-01 08:00"}


def test_a_record_step_offers_the_tables_of_its_project_only(office, draft):
    project = make_project(office.organization)
    make_table(project, "Customers")
    make_table(label="Foreign")
    Workflow.objects.filter(pk=draft.pk).update(project=project)

    html = page(office.client("owner"), ADD, workflow=draft.pk, kind="record.create")

    assert "Customers" in html
    assert "Foreign" not in html


def test_a_step_is_changed(office, draft):
    node = draft.nodes.get(key="second")
    data = step_data(
        key="last",
        on_error="branch",
        **{"config-values-name": "z", "config-values-value": "3", "config-values-type": ""},
    )

    response = office.client("owner").post(change_url(node), data)

    node.refresh_from_db()
    assert (node.label, node.key, node.on_error) == ("Third", "last", "branch")
    assert node.config["values"] == [{"name": "z", "value": "3", "type": ""}]
    assert response.url.endswith("#step-last")


def test_a_step_changed_meanwhile_is_not_overwritten(office, draft):
    node, client = draft.nodes.get(key="second"), office.client("owner")
    [seen_at] = re.findall(r'name="seen_at" value="([^"]+)"', page(client, change_url(node)))
    client.post(change_url(node), step_data(label="Theirs", key="second", seen_at=seen_at))

    response = client.post(change_url(node), step_data(label="Mine", key="second", seen_at=seen_at))

    assert "Somebody changed this meanwhile" in response.context["step_form"].errors["label"][0]
    assert 'value="Mine"' in response.content.decode()
    node.refresh_from_db()
    assert node.label == "Theirs"


@pytest.mark.parametrize("key", ["first", "Not-a-key", "1st"])
def test_a_key_is_free_and_can_be_written_in_an_expression(office, draft, key):
    node = draft.nodes.get(key="second")

    response = office.client("owner").post(change_url(node), step_data(key=key))

    assert "key" in response.context["step_form"].errors


def test_a_step_of_a_type_that_is_gone_can_be_seen_and_deleted(office, draft):
    node = make_node(draft, "old", "no.such.kind")
    client = office.client("owner")

    assert "no.such.kind" in page(client, change_url(node))
    assert "no.such.kind" in page(client, change_url(draft))
    client.post(url("step_delete", node))
    assert not Node.objects.filter(pk=node.pk).exists()


def test_steps_are_deleted_on_the_page_of_their_workflow_only(office, draft):
    """Elsewhere nothing would close the way through them."""
    client, first = office.client("owner"), draft.nodes.get(key="first")

    assert client.post(url("automation_node_delete", first), {"post": "yes"}).status_code == 403
    client.post(
        reverse("admin:automation_node_changelist"), {"action": "delete_selected", "_selected_action": [first.pk]}
    )
    assert draft.nodes.count() == 2


def test_buttons_of_a_step(office, draft):
    client = office.client("owner")
    first, second = draft.nodes.get(key="first"), draft.nodes.get(key="second")

    client.post(url("step_earlier", second))
    assert ways(draft) == {"second-main-first"}
    client.post(url("step_duplicate", first))
    assert draft.nodes.filter(key="first_2").exists()
    client.post(url("step_delete", second))
    assert ways(draft) == set()


def test_connections_are_made_and_removed(office, draft):
    client = office.client("owner")
    third = make_node(draft, "third")
    first = draft.nodes.get(key="first")

    client.post(url("connection_add", draft), {"source": f"{first.pk} main", "target": third.pk})
    assert ways(draft) == {"first-main-second", "first-main-third"}
    client.post(url("connection_delete", Edge.objects.get(target=third)))
    assert ways(draft) == {"first-main-second"}


def test_a_connection_in_a_circle_is_refused_with_words(office, draft):
    first, second = draft.nodes.get(key="first"), draft.nodes.get(key="second")
    data = {"source": f"{second.pk} main", "target": first.pk}

    response = office.client("owner").post(url("connection_add", draft), data, follow=True)

    assert messages(response) == ["This would lead in a circle: “First” already comes before it."]
    assert response.redirect_chain == [(change_url(draft), 302)]  # no anchor: the message is at the top


def test_steps_of_another_workflow_cannot_be_connected_through_the_form(office, draft):
    foreign = make_node(make_workflow(), "foreign")
    first = draft.nodes.get(key="first")

    data = {"source": f"{first.pk} main", "target": foreign.pk}
    response = office.client("owner").post(url("connection_add", draft), data, follow=True)

    assert messages(response) == ["These steps cannot be connected: the draft was changed meanwhile."]
    assert ways(draft) == {"first-main-second"}


# --- Publishing and running -------------------------------------------------------------------------------------------


def test_publishing_shows_what_changed_and_freezes_it(office, draft):
    workflows.publish(draft)
    make_node(draft, "third", label="Thank them")
    client = office.client("owner")
    assert "Thank them" in page(client, url("workflow_publish", draft))

    client.post(url("workflow_publish", draft), {"note": "More polite"})

    draft.refresh_from_db()
    version = draft.published_version
    assert (version.number, version.note, version.created_by) == (2, "More polite", office.owner)
    assert "Thank them" in page(client, url("workflow_version", draft, 2))


def test_the_steps_of_a_version_lead_to_what_changed(office, draft):
    workflows.publish(draft)
    make_node(draft, "third")
    workflows.publish(draft)

    html = page(office.client("viewer"), reverse("admin:workflow_version", args=[draft.pk, 2]))

    anchors = set(re.findall(r'class="c-node [^"]*" href="#([^"]+)"', html))
    assert anchors == {"change-third", "changes-title"}
    assert all(f'id="{anchor}"' in html for anchor in anchors)


def test_a_draft_with_problems_is_not_published(office, draft):
    bad = make_node(draft, "bad", "no.such.kind", label="Old step")
    client = office.client("owner")
    problem = f'<a class="c-link" href="{change_url(bad)}">Old step</a>: The step type “no.such.kind” is not installed'
    assert problem in page(client, change_url(draft))
    assert problem in page(client, url("workflow_publish", draft))

    response = client.post(url("workflow_publish", draft), {"note": ""}, follow=True)

    draft.refresh_from_db()
    assert draft.status == Workflow.Status.DRAFT
    assert "no.such.kind" in messages(response)[0]


def test_pause_resume_archive(office):
    workflow, client = office.workflow(), office.client("owner")

    def status_after(name: str) -> str:
        client.post(url(name, workflow))
        workflow.refresh_from_db()
        return workflow.status

    assert status_after("workflow_pause") == "paused"
    assert status_after("workflow_resume") == "active"
    assert status_after("workflow_archive") == "archived"
    assert status_after("workflow_pause") == "paused"


def test_run_now_with_json_shows_the_new_execution(office):
    workflow = office.workflow()

    response = office.client("owner").post(url("workflow_run", workflow), {"input": '{"x": 4}'})

    execution = WorkflowExecution.objects.get()
    assert (execution.input, execution.triggered_by, execution.status) == ({"x": 4}, office.owner, "pending")
    assert response.url == url("execution_detail", execution)


def test_run_now_begins_with_the_sample_of_the_webhook(office):
    workflow, client = office.workflow(), office.client("owner")
    assert ">\n{}</textarea>" in page(client, url("workflow_run", workflow))

    make_trigger(workflow, "webhook", config={"sample": {"order": 7}})
    html = page(client, url("workflow_run", workflow))
    client.post(url("workflow_run", workflow), {"input": re.search(r"<textarea[^>]*>([^<]*)<", html)[1]})

    assert WorkflowExecution.objects.get().input == {"body": {"order": 7}}


def test_run_now_survives_a_webhook_with_broken_settings(office):
    workflow, client = office.workflow(), office.client("owner")
    make_trigger(workflow, "webhook", config={"rate_limit": "often"})

    assert ">\n{}</textarea>" in page(client, url("workflow_run", workflow))


def test_an_empty_box_is_an_empty_input(office):
    office.client("owner").post(url("workflow_run", office.workflow()), {"input": " "})

    assert WorkflowExecution.objects.get().input == {}


def test_json_that_is_wrong_says_where(office):
    response = office.client("owner").post(url("workflow_run", office.workflow()), {"input": '{\n  "x": 4,\n}'})

    [error] = response.context["form"].errors["input"]
    assert error.startswith("This cannot be used: it is not JSON: line 3, column 1")
    assert not WorkflowExecution.objects.exists()


def test_a_manual_trigger_asks_its_questions(office):
    workflow = office.workflow()
    asked = [{"name": "amount", "label": "How much?", "kind": "whole", "required": "yes"}]
    trigger = make_trigger(workflow, config={"fields_asked": asked})
    client = office.client("owner")
    assert "How much?" in page(client, url("workflow_run", workflow))

    assert "amount" in client.post(url("workflow_run", workflow), {"amount": "much"}).context["form"].errors
    client.post(url("workflow_run", workflow), {"amount": "12"})

    execution = WorkflowExecution.objects.get()
    assert (execution.input, execution.trigger) == ({"amount": 12}, trigger)


def test_what_is_paused_is_not_run(office):
    workflow = office.workflow()
    workflows.pause(workflow)

    response = office.client("owner").post(url("workflow_run", workflow), {"input": ""}, follow=True)

    assert "is paused; activate it first" in messages(response)[0]
    assert not WorkflowExecution.objects.exists()


def test_before_a_table_is_dropped_the_workflows_that_use_it_are_named(office):
    table = make_table(make_project(office.organization), "Deals")
    workflow = make_workflow(office.organization, project=table.project, name="Intake")
    for key in ("one", "two"):
        make_node(workflow, key, "record.create", config={"table": table.physical_name})
    make_node(make_workflow(office.organization, name="Other"), "one", "record.create", config={"table": "deals"})

    html = page(office.client("owner"), url("studio_datatable_delete", table))

    assert html.count(f'href="{change_url(workflow)}">Workflow “Intake”</a>') == 1
    assert "“Other”" not in html


def test_a_long_name_is_cut_in_the_list_and_whole_in_its_title(office):
    make_workflow(office.organization, name="x" * 150)

    html = page(office.client("owner"), reverse("admin:automation_workflow_changelist"))

    assert f'<span class="c-ellipsis" title="{"x" * 150}">' in html


# --- Who ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def addresses(office):
    """Every address of a workflow's parts: name → address."""
    workflow = office.workflow()
    node, other = workflow.nodes.order_by("key")
    extra = make_node(workflow, "extra")
    edge = make_edge(other, extra)
    return {
        "change": change_url(workflow),
        "node change": change_url(node),
        "node add": f"{ADD}?workflow={workflow.pk}&kind=set",
        "trigger add": f"/admin/automation/trigger/add/?workflow={workflow.pk}&kind=webhook",
        "step_delete": url("step_delete", node),
        "step_duplicate": url("step_duplicate", node),
        "step_earlier": url("step_earlier", node),
        "connection_add": url("connection_add", workflow),
        "connection_delete": url("connection_delete", edge),
        "publish": url("workflow_publish", workflow),
        "pause": url("workflow_pause", workflow),
        "resume": url("workflow_resume", workflow),
        "archive": url("workflow_archive", workflow),
        "run": url("workflow_run", workflow),
    }


def fingerprint() -> list:
    return [
        *Workflow.objects.values_list("pk", "status", "draft_changed_at", "published_version"),
        *Node.objects.values_list("pk", "label"),
        *Edge.objects.values_list("pk"),
        *WorkflowExecution.objects.values_list("pk"),
    ]


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("stranger", 404)])
def test_who_may_not_change_changes_nothing(office, addresses, who, status):
    client, before = office.client(who), fingerprint()

    answers = {name: client.post(address, step_data()).status_code for name, address in addresses.items()}

    assert answers == dict.fromkeys(addresses, status)
    assert fingerprint() == before


def test_viewers_read_strangers_find_nothing(office, addresses):
    readable = {name: addresses[name] for name in ("change", "node change")}

    assert {office.client("viewer").get(address).status_code for address in readable.values()} == {200}
    assert {office.client("stranger").get(address).status_code for address in addresses.values()} <= {404, 405}


def test_viewers_see_no_buttons(office):
    workflow = office.workflow()

    html = page(office.client("viewer"), change_url(workflow))

    for word in ("Add a step", "Add a trigger", "Publish</a>", "Run now</a>", "Pause</button>", "Delete"):
        assert word not in html, word


@pytest.mark.parametrize("query", ["", "?workflow=nonsense", "?workflow=0195a1b0-0000-7000-8000-000000000000"])
@pytest.mark.parametrize("model", ["node", "trigger"])
def test_adding_to_no_workflow_does_not_exist(office, model, query):
    assert office.client("owner").get(f"/admin/automation/{model}/add/{query}").status_code == 404
