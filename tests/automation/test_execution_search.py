"""Executions are found again: by version, trigger, duration, the labels a step gave, and text in their data."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from nocode.automation.models import WorkflowExecution
from nocode.automation.services import executions, workflows
from tests.automation.screens import make_office
from tests.factories import make_trigger, set_values

pytestmark = pytest.mark.django_db

LIST = reverse("admin:automation_workflowexecution_changelist")


@pytest.fixture
def office():
    return make_office()


def labels(**values) -> dict:
    return {"labels": [{"name": name, "value": value} for name, value in values.items()]}


def found(office, query: str, who: str = "viewer") -> list[WorkflowExecution]:
    answer = office.client(who).get(f"{LIST}?{query}")
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


# --- Labels -----------------------------------------------------------------------------------------------------------


def test_a_step_labels_its_execution(office):
    workflow = office.workflow(
        ("name", "execution.label", labels(customer="{{ trigger.customer }}", kind="order")),
        ("again", "execution.label", labels(kind="{{ trigger.kind }}")),
        ("end", "set", set_values(x="{{ input.customer }}")),
    )
    execution = office.finished(workflow, input={"customer": 42, "kind": ["a"]})
    other = office.finished(workflow, input={"customer": 4, "kind": "b"})

    assert execution.labels == {"customer": "42", "kind": '["a"]'}
    assert execution.output == {"x": 42}
    assert found(office, "label=customer%3D42") == [execution]
    assert found(office, "label=customer") == [other, execution]
    assert found(office, "label=customer%3D") == []
    html = office.client("viewer").get(reverse("admin:execution_detail", args=[execution.pk])).content.decode()
    assert "?label=customer%3D42" in html


def test_an_execution_that_fails_or_goes_on_keeps_its_labels(office):
    workflow = office.workflow(
        ("name", "execution.label", labels(customer="7")), ("bad", "set", set_values(x="{{ no.such }}"))
    )
    execution = office.finished(workflow)
    assert (execution.status, execution.labels) == ("failed", {"customer": "7"})

    executions.retry_step(execution, "bad")
    execution = executions.run_now(execution.pk, budget=5)

    assert execution.labels == {"customer": "7"}
    assert execution.steps.filter(node_key="name").count() == 1


def test_too_many_labels_are_refused(office):
    many = labels(**{f"n{number}": "x" for number in range(21)})

    execution = office.finished(office.workflow(("name", "execution.label", many)))

    assert (execution.status, execution.labels) == ("failed", None)
    assert "at most 20 labels" in execution.error_message


def test_labels_have_an_index_that_only_labelled_executions_enter():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute('EXPLAIN SELECT id FROM automation_workflowexecution WHERE labels @> \'{"customer": "42"}\'')
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'execution_labels'")
        [definition] = cursor.fetchone()

    assert "execution_labels" in plan
    assert definition.endswith("WHERE (labels IS NOT NULL)")


# --- Filters ----------------------------------------------------------------------------------------------------------


def test_version_and_trigger(office):
    workflow = office.workflow()
    first = office.finished(workflow)
    workflow.nodes.filter(key="first").update(config=set_values(x="2"))
    workflows.publish(workflow)
    workflow.refresh_from_db()
    trigger = make_trigger(workflow, "webhook")
    second = office.finished(workflow, trigger=trigger)

    assert found(office, "version=1") == [first]
    assert found(office, "version=v2") == [second]
    assert found(office, "trigger=webhook") == [second]
    assert found(office, f"trigger=manual&workflow__id__exact={workflow.pk}") == [first]


def test_duration_and_data(office):
    quick, slow = office.finished(input={"x": 1, "who": "Zoë_1"}), office.finished(input={"x": 77})
    then = timezone.now()
    WorkflowExecution.objects.filter(pk=slow.pk).update(started_at=then, completed_at=then + timedelta(seconds=61))

    assert found(office, "seconds=60") == [slow]
    assert found(office, "seconds=1,5") == [slow]
    assert found(office, "data=zoë_1") == [quick]
    assert found(office, "data=78") == [slow]  # of the output
    assert found(office, "data=z%25_") == []


@pytest.mark.parametrize("query", ["version=x", "version=" + "9" * 30, "seconds=nan", "seconds=1e99", "seconds=-",
                                   "trigger=nobody", "label=%3Dx", "label=+", "data=+"])  # fmt: skip
def test_nonsense_limits_nothing(office, query):
    execution = office.finished()

    assert found(office, query) == [execution]


def test_filters_show_nobody_what_others_have(office):
    office.finished(office.workflow(("name", "execution.label", labels(customer="42"))))

    for query in ("label=customer", "data=x", "version=1"):
        assert found(office, query, who="stranger") == []
