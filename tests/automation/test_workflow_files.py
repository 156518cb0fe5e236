"""Workflow files: the same workflow comes out of them again, and what cannot be read is refused in plain words."""

import copy
import json

import pytest
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator

from nocode.automation import arrivals
from nocode.automation.models import Node, Trigger, Workflow
from nocode.automation.services import workflows
from nocode.automation.transfer import writing
from nocode.automation.transfer.copying import duplicate
from nocode.foundation.services import billing
from nocode.studio.errors import ImportRefused
from nocode.studio.services.records import Records
from tests.automation.transfers import SCHEMA, SMALL, content, make_rich, outline_of
from tests.factories import (
    make_integration,
    make_organization,
    make_plan,
    make_project,
    make_subscription,
    make_trigger,
    make_user,
    make_workflow,
)

pytestmark = pytest.mark.django_db


def test_a_file_keeps_to_the_published_schema():
    Draft202012Validator.check_schema(SCHEMA)

    found = json.loads(writing.dump(make_rich()))

    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(found)] == []
    assert [each["key"] for each in found["needs"]["tables"][0]["fields"]] == ["name", "amount"]


def test_the_same_workflow_comes_out_of_its_file():
    workflow = make_rich()

    made = arrivals.receive(writing.dump(workflow), workflow.organization, project=workflow.project)

    assert outline_of(made) == outline_of(workflow)
    assert (made.status, made.origin.remarks, made.origin.missing) == (
        Workflow.Status.DRAFT,
        [],
        {"integrations": [], "workflows": []},
    )
    assert workflows.validate(made) == workflows.validate(workflow) == []


def test_secrets_and_addresses_stay_at_home():
    workflow = make_rich()
    trigger = make_trigger(workflow, "webhook", config={"security": "header"}, secret="encrypted-secret")

    text = writing.dump(workflow).decode()

    assert "encrypted-secret" not in text
    assert trigger.token not in text
    assert "a-token-of-the-tests" not in text
    made = arrivals.receive(text.encode(), workflow.organization, project=workflow.project)
    copied = Trigger.objects.get(workflow=made, name=trigger.name)
    assert (copied.secret, copied.token == trigger.token) == ("", False)
    assert [each["label"] for each in made.origin.remarks] == [trigger.name]


def test_elsewhere_integrations_are_found_by_name_and_type_and_tables_are_made():
    workflow, elsewhere = make_rich(), make_organization()
    partner, project = make_integration(elsewhere, name="Partner"), make_project(elsewhere)

    made = arrivals.receive(writing.dump(workflow), elsewhere, project=project, make_tables=True)

    assert made.nodes.get(key="call").config["integration"] == str(partner.pk)
    assert workflows.validate(made) == []
    assert Records(project.tables.get()).create({"name": "Ada", "amount": 3})["amount"] == 3


def test_what_is_not_found_is_left_open_and_keeps_the_draft_from_being_published():
    made = arrivals.receive(writing.dump(make_rich()), make_organization())

    assert [each["name"] for each in made.origin.missing["integrations"]] == ["Partner"]
    assert {problem.node for problem in workflows.validate(made)} == {"row", "call"}


def test_two_of_the_same_name_are_no_match():
    workflow, elsewhere = make_rich(), make_organization()
    make_integration(elsewhere, "http.basic", name="Partner", values={"username": "a", "password": "b"})

    made = arrivals.receive(writing.dump(workflow), elsewhere)

    assert [each["name"] for each in made.origin.missing["integrations"]] == ["Partner"]


def test_an_unknown_kind_becomes_a_placeholder_that_keeps_its_settings():
    odd = {"key": "b", "kind": "crystal.ball", "label": "Ask", "config": {"question": "{{ input.x }} {{ broken"}}
    made = arrivals.receive(content({**SMALL, "nodes": [*SMALL["nodes"], odd]}), make_organization())

    node = made.nodes.get(key="b")
    assert (node.kind, node.config["was"]) == ("placeholder", "crystal.ball")
    assert json.loads(node.config["settings"].replace("\\{{", "{{")) == odd["config"]
    assert [problem.node for problem in workflows.validate(made)] == ["b"]
    assert [(each["verdict"], each["node"]) for each in made.origin.remarks] == [("placeholder", "b")]

    Node.objects.filter(pk=node.pk).update(config={**node.config, "skip": True})
    assert workflows.validate(Workflow.objects.get(pk=made.pk)) == []


def test_a_trigger_that_cannot_work_here_is_switched_off():
    triggers = [{"kind": "schedule", "name": "Odd", "config": {"mode": "cron", "cron": "every day"}}]

    made = arrivals.receive(content({**SMALL, "triggers": triggers}), make_organization())

    assert [(each.name, each.is_active) for each in made.triggers.all()] == [("Odd", False)]
    assert made.origin.remarks[0]["label"] == "Odd"


def _broken(change) -> dict:
    outline = copy.deepcopy(SMALL)
    change(outline)
    return outline


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "not JSON"),
        (b"[" * 5000, "nested too deeply"),
        (b"[" * 300 + b"]" * 300, "nested too deeply"),
        (b" " * (10 * 1024**2 + 1), "larger than 10 MB"),
        (b'{"a": 1}', "neither a workflow"),
        (b'{"format": "nocode.workflow", "version": 2}', "version 2"),
        (b'{"format": "nocode.project"}', "project"),
        (content(_broken(lambda each: each.pop("name"))), "name: This is missing"),
        (content(_broken(lambda each: each["nodes"][0].pop("kind"))), "nodes[0].kind"),
        (content(_broken(lambda each: each["nodes"][0].update(key="a b"))), "nodes[0].key"),
        (content(_broken(lambda each: each["nodes"].append(each["nodes"][0]))), "there twice"),
        (content(_broken(lambda each: each["nodes"][0].update(x=10**12))), "nodes[0].x"),
        (content(_broken(lambda each: each["nodes"][0].update(config=[]))), "nodes[0].config"),
        (content(_broken(lambda each: each["nodes"][0].update(label="\x00"))), "cannot be stored"),
        (content(_broken(lambda each: each.update(edges=[{"source": "a", "target": "b"}]))), "There is no step"),
        (content(_broken(lambda each: each.update(edges=[{"source": "a", "target": "a"}]))), "lead to itself"),
        (
            content(
                {
                    **SMALL,
                    "nodes": [*SMALL["nodes"], {"key": "b", "kind": "set", "label": "B"}],
                    "edges": [{"source": "a", "target": "b"}, {"target": "b", "port": "main", "source": "a"}],
                }
            ),
            "there twice",
        ),
        (content(_broken(lambda each: each.update(triggers=[{"kind": "moon", "name": "M"}]))), "triggers[0].kind"),
        (content(_broken(lambda each: each.update(settings={"retention_days": 0}))), "settings.retention_days"),
        (
            content(_broken(lambda each: each.update(needs={"tables": [{"key": "x y", "label": "X", "fields": []}]}))),
            "key",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(file, said):
    organization = make_organization()

    with pytest.raises(ImportRefused) as refusal:
        arrivals.receive(file, organization)

    assert said in refusal.value.message
    assert not Workflow.objects.filter(organization=organization).exists()


def test_ids_of_others_give_nothing_away():
    foreign = make_integration(make_organization(), name="Theirs")
    call = {"key": "a", "kind": "http.request", "label": "A", "config": {"url": "x", "integration": str(foreign.pk)}}

    made = arrivals.receive(content({**SMALL, "nodes": [call]}), make_organization())

    problems = " ".join(problem.message for problem in workflows.validate(made))
    assert "does not exist" in problems
    assert "Theirs" not in problems


def test_a_copy_is_a_draft_of_its_own():
    workflow = make_rich()
    workflows_before = outline_of(workflow)

    copied = duplicate(workflow, "Again", make_user())

    assert {**outline_of(copied), "name": workflow.name} == workflows_before
    assert (copied.name, copied.published_version, hasattr(copied, "origin")) == ("Again", None, False)


def test_a_plan_that_is_full_refuses_the_file():
    workflow = make_workflow()
    make_subscription(workflow.organization, make_plan(workflows=1))

    with pytest.raises(billing.LimitReached):
        arrivals.receive(content(SMALL), workflow.organization)
    assert workflow.organization.workflows.count() == 1


def test_the_commands_write_and_read_the_same_file(tmp_path):
    workflow, file = make_rich(), tmp_path / "a.json"
    organization = workflow.organization

    call_command("export_workflow", str(workflow.pk), output=file)
    call_command("import_workflow", file, organization=organization.slug, project=workflow.project.name, name="B")

    assert {**outline_of(Workflow.objects.get(name="B")), "name": workflow.name} == outline_of(workflow)
    with pytest.raises(CommandError, match="nowhere"):
        call_command("import_workflow", file, organization="nowhere")
    file.write_text("{}")
    with pytest.raises(CommandError, match="neither"):
        call_command("import_workflow", file, organization=organization.slug)
