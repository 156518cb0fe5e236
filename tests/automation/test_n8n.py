"""Exports of n8n: each becomes a workflow that runs, and gives what n8n asserts for its nodes."""

import json
import re
from pathlib import Path

import pytest

from nocode.automation import arrivals
from nocode.automation.n8n import reference
from nocode.automation.n8n.base import mappers
from nocode.automation.n8n.expressions import Translator
from nocode.automation.n8n.names import Names
from nocode.automation.nodes import node_types
from nocode.automation.services import workflows
from nocode.studio.errors import ImportRefused
from tests.automation.n8n_samples import OURS, tried
from tests.factories import make_integration, make_organization

DOCS = Path(__file__).parents[2] / "docs" / "n8n.md"
# Reads the inner state of a loop, which leads back by hand: loops here have none.
NOT_YET = {"SplitInBatches__test__SplitInBatches.workflow_v2.json"}


@pytest.fixture
def translator():
    return Translator(Names(["Edit Fields", 'It\'s "one"', "IF"], ["Webhook"], {"IF": "true"}), "steps.edit_fields")


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("plain", "plain"),
        ("{{ not one }}", "\\{{ not one }}"),
        ("={{ $json.a + 1 }}", "{{ item.a + 1 }}"),
        ("=Hello {{ $json['full name'] }}!", "Hello {{ item['full name'] }}!"),
        ("={{ $('Edit Fields').first().json.a }}", "{{ $items(steps.edit_fields).first().json.a }}"),
        ("={{ $('It\\'s \"one\"').item.json.a }}", "{{ $items(steps.its_one).item.json.a }}"),
        ('={{ $node["Edit Fields"].json["a"] }}', '{{ $items(steps.edit_fields).json["a"] }}'),
        ("={{ $items('Edit Fields').length }}", "{{ $items(steps.edit_fields).all().length }}"),
        ("={{ $('IF').all().length }}", "{{ $items(steps.if?.true).all().length }}"),
        ("={{ $('Webhook').item.json.body }}", "{{ $items(trigger).item.json.body }}"),
        ("={{ $input.all().length }}", "{{ $items(input).all().length }}"),
        ("={{ $input.item.json.a }}", "{{ ({ json: item }).json.a }}"),
        ('={{ "$json is text" + $json.a }}', '{{ "$json is text" + item.a }}'),
        (
            "={{ $now.toISO() + $execution.id + $vars.x + $itemIndex }}",
            "{{ $now.toISO() + $execution.id + $vars.x + index }}",
        ),
        (["={{ $json.a }}", {"b": "={{ $json.b }}"}, 3], ["{{ item.a }}", {"b": "{{ item.b }}"}, 3]),
    ],
)
def test_expressions_are_translated(translator, written, becomes):
    assert translator.text(written) == becomes
    assert translator.remarks == []


def test_a_name_of_many_escaped_letters_is_read_at_once(translator):
    name = "\\a" * 5000

    assert translator.code(f'$("{name}" + x)') == f'$("{name}" + x)'


@pytest.mark.parametrize("written", ["={{ $env.HOME }}", "={{ $('Nobody').first() }}", "={{ $json. }} {{ 'open"])
def test_what_has_no_counterpart_is_told(translator, written):
    translator.text(written)
    assert len(translator.remarks) == 1


def test_for_each_item_the_input_is_the_item(translator):
    translator.for_each()

    assert translator.text("={{ $json.a + $input.all().length }}") == (
        "{{ input.a + $items(steps.edit_fields).all().length }}"
    )


def test_every_mapper_names_steps_that_exist_and_the_documentation_lists_them():
    assert {kind for mapper in mappers for kind in mapper.kinds} <= {each.kind for each in node_types}
    assert reference.table() in DOCS.read_text()


@pytest.mark.django_db
def test_a_whole_workflow_comes_over_and_runs():
    data = {
        "body": {"name": "Ada", "lines": [{"sku": "a", "price": 100, "count": 3}, {"sku": "b", "price": 5, "count": 2}]}
    }

    trial = tried(OURS / "order.json", make_organization(), data)

    assert (trial.placeholders, trial.problems, trial.error, trial.wrong) == (["Ask the oracle"], [], "", {})
    assert trial.outputs["edit_fields"][1] == {
        "sku": "b",
        "price": 5,
        "count": 2,
        "total": 10,
        "who": "Order of Ada, line 2",
        "note": "{{ not an expression }}",
    }
    assert list(trial.outputs["large"]) == ["true", "false"]
    nodes = {node.key: node for node in trial.workflow.nodes.all()}
    assert (nodes["sum"].on_error, nodes["old_step"].is_disabled, nodes["note"].config["color"]) == (
        "branch",
        True,
        "green",
    )
    assert nodes["ask_the_partner_call"].max_retries == 3
    trigger = trial.workflow.triggers.get()
    assert (trigger.kind, trigger.config["answer"], trigger.config["security"]) == ("webhook", "respond", "header")


@pytest.mark.django_db
def test_the_report_says_what_became_of_each_node():
    organization = make_organization()
    ours = make_integration(organization, "http.api_key", name="Partner key", values={"header": "X-Key", "value": "k"})

    made = arrivals.receive((OURS / "order.json").read_bytes(), organization)

    lines = {each["label"]: each for each in made.origin.remarks if each["label"]}
    assert {"New order", "Lines", "Edit Fields", "Large?", "Ask the oracle", "Answer"} <= lines.keys()
    assert (lines["Ask the oracle"]["verdict"], lines["Edit Fields"]["verdict"]) == ("placeholder", "same")
    assert made.nodes.get(key="ask_the_partner_call").config["integration"] == str(ours.pk)
    kept = made.nodes.get(key="ask_the_oracle").config["settings"]
    assert json.loads(kept.replace("\\{{", "{{")) == {"question": "={{ $json.x }} {{ broken"}
    assert [problem.node for problem in workflows.validate(made)] == ["ask_the_oracle"]


@pytest.mark.django_db
def test_loops_no_longer_lead_back_and_schedules_become_cron():
    trial = tried(OURS / "loop.json", make_organization())

    assert (trial.problems, trial.error, trial.wrong) == ([], "", {})
    crons = trial.workflow.triggers.filter(kind="schedule").values_list("config__cron", flat=True)
    assert sorted(crons) == ["0 7 * * MON,WED", "5 * * * *"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "export",
    [
        {"nodes": {}, "connections": {}},
        {"nodes": [{"name": "A"}], "connections": {}},
        {"nodes": [{"name": "A", "type": "x"}, {"name": "A", "type": "x"}], "connections": {}},
        [{"nodes": [], "connections": {}}, {"nodes": [], "connections": {}}],
    ],
)
def test_broken_exports_are_refused(export):
    with pytest.raises(ImportRefused):
        arrivals.receive(json.dumps(export).encode(), make_organization())


@pytest.mark.django_db
def test_odd_exports_come_over_without_a_fault():
    node = {"name": "ÄÖ 1", "type": "n8n-nodes-base.set", "typeVersion": "x", "parameters": [], "position": "left"}
    again = {"name": "ÄÖ 2", "type": "n8n-nodes-base.switch", "parameters": {"rules": "none", "mode": 3}}
    ways = {"main": [[{"node": "ÄÖ 1"}, {"node": "nowhere"}, None, 7], None]}
    export = {"nodes": [node, again], "connections": {"ÄÖ 1": ways, "ÄÖ 2": {"ai_tool": [[]], **ways}}, "pinData": []}

    made = arrivals.receive(json.dumps(export).encode(), make_organization())

    assert made.nodes.count() == 2


@pytest.mark.django_db
def test_the_samples_give_what_n8n_gives(shared_data):
    files = sorted((shared_data / "n8n").glob("*.json"))
    organization = make_organization()

    failed = {file.name for file in files if not tried(file, organization).passes}

    assert failed == NOT_YET
    said = re.search(r"(\d+) of (\d+) samples", DOCS.read_text())
    assert said.groups() == (str(len(files) - len(failed)), str(len(files)))
