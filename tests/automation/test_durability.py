"""The promise: what was accepted is done, exactly once, whatever dies meanwhile. Real processes, real signals."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fixtures.stack import Stack, eventually

CALLS, BATCH = 200, 20

MAKE_WORKFLOW = """
from nocode.automation.services import triggers, workflows
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.projects import create_project
from tests.factories import make_chain, make_organization, make_workflow, set_values

project = create_project(make_organization(), "Durable")
SchemaManager(project).create_table("Orders", [NewField("Reference", "text", required=True)])
workflow = make_workflow(project.organization, project=project)
values = [{"field": "reference", "value": "{{ steps.read.reference }}"}]
make_chain(
    workflow,
    ("read", "set", set_values(reference="{{ trigger.body.n }}")),
    ("write", "record.create", {"table": "orders", "values": values}),
    ("pause", "wait", {"amount": "1", "unit": "seconds"}),
    ("end", "set", set_values(id="{{ steps.write.id }}")),
)
trigger = triggers.create(workflow, "webhook", "calls", is_active=True)
workflows.publish(workflow)
print("RESULT", trigger.token, project.schema_name)
"""


@pytest.fixture
def workflow(new_stack):
    """(stack, token, schema) of a published workflow that writes one row per call."""
    stack: Stack = new_stack("--no-demo").start()
    made = stack.manage("shell", "-c", MAKE_WORKFLOW)
    assert "RESULT" in made.stdout, made.stderr
    token, schema = made.stdout.split("RESULT")[1].split()
    return stack, token, schema


def call(stack: Stack, token: str, number: int) -> str:
    """Call like a real sender: again, with the same delivery id, until it is accepted."""

    def accepted():
        body = json.dumps({"n": f"order-{number}"}).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"delivery-{number}"}
        status, answer = stack.request("POST", f"/hooks/{token}/", body, headers)
        return json.loads(answer)["execution_id"] if status in (200, 202) else None

    return eventually(accepted, what=f"call {number}")


# Whom to kill, in turn: (command line, which of its processes, oldest first).
CLUSTER, SENTINEL, WORKER = (("qcluster", slice(place, place + 1)) for place in range(3))
DATABASE, WEB = ("bin/postgres -D", slice(0, 1)), ("gunicorn", slice(1, 2))
VICTIMS = [WORKER, CLUSTER, WORKER, DATABASE, WORKER, WEB, SENTINEL, WORKER, DATABASE, WORKER]


def kill(stack: Stack, pattern: str, which: slice) -> None:
    for pid in eventually(lambda: stack.processes(pattern)[which], what=f"{pattern} to be there again"):
        os.kill(pid, signal.SIGKILL)


def test_200_webhooks_survive_killed_workers_and_a_restarted_database(workflow):
    stack, token, schema = workflow

    with ThreadPoolExecutor(5) as senders:
        answers = []
        for batch, victim in zip(range(0, CALLS, BATCH), VICTIMS, strict=True):
            calls = [senders.submit(call, stack, token, number) for number in range(batch, batch + BATCH)]
            kill(stack, *victim)
            answers += [each.result() for each in calls]

    stack.wait_ready()

    def completed():
        found = stack.rows("SELECT status, count(*) FROM automation_workflowexecution GROUP BY 1")
        return found == [("completed", CALLS)]

    eventually(completed, within=90, what="all executions to complete")
    assert len(set(answers)) == CALLS
    rows = stack.rows(f'SELECT count(*), count(DISTINCT reference) FROM "{schema}".orders')
    assert rows == [(CALLS, CALLS)]
    steps = stack.rows("SELECT node_key, status, count(*) FROM automation_steprun GROUP BY 1, 2 ORDER BY 1")
    assert steps == [(key, "completed", CALLS) for key in ("end", "pause", "read", "write")]
    told = stack.rows(
        "SELECT name, count(*) FROM foundation_outboxevent WHERE key ^@ 'execution:' GROUP BY 1 ORDER BY 1"
    )
    assert told == [("automation.execution.completed", CALLS), ("automation.execution.started", CALLS)]


# --- Loops, called workflows, approvals and events --------------------------------------------------------------------

WAITING = 12

MAKE_WAITING = """
from nocode.automation.services import triggers, workflows
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.projects import create_project
from tests.factories import make_edge, make_node, make_organization, make_published, make_user, make_workflow

project = create_project(make_organization(), "Durable")
SchemaManager(project).create_table("Orders", [NewField("Reference", "text", required=True)])
make_user("chief@example.com", organization=project.organization)

def write(reference):
    return "record.create", {"table": "orders", "values": [{"field": "reference", "value": reference}]}

stamp = make_published(("write", *write("{{ trigger.n }} stamped")), organization=project.organization, project=project)
workflow = make_workflow(project.organization, project=project)
ways = [
    ("loop", "each", "item"), ("loop", "done", "call"), ("call", "main", "ask"), ("ask", "approved", "wait"),
    ("wait", "event", "end"),
]
kinds = {
    "loop": ("loop", {"list": "{{ [1, 2, 3] }}", "concurrency": 2}),
    "item": write("{{ trigger.body.n }} item {{ item }}"),
    "call": ("workflow.call", {"workflow": str(stamp.pk), "values": [{"name": "n", "value": "{{ trigger.body.n }}"}]}),
    "ask": ("approval", {"title": "Go on?", "people": "chief@example.com", "by_email": False, "remind": 0.0005}),
    "wait": ("wait.event", {"pattern": "test.*", "filter": "{{ event.payload.n === input.comment }}"}),
    "end": write("{{ trigger.body.n }} end"),
}
nodes = {key: make_node(workflow, key, kind, config=config) for key, (kind, config) in kinds.items()}
for source, port, target in ways:
    make_edge(nodes[source], nodes[target], port)
trigger = triggers.create(workflow, "webhook", "calls", is_active=True)
workflows.publish(workflow)
print("RESULT", trigger.token, project.schema_name)
"""

# Whoever decides, and whatever happens, until nothing waits any more.
ANSWER = """
import time
from django.db import Error, connection
from nocode.automation.models import Approval, EventWait, WorkflowExecution
from nocode.automation.services import approvals
from nocode.foundation.events import Event, bus
from nocode.foundation.models import User

chief, ends = User.objects.get(email="chief@example.com"), time.monotonic() + 50
while time.monotonic() < ends and WorkflowExecution.objects.exclude(status="completed").exists():
    for approval in approvals.open_for(chief):
        approvals.decide(approval.pk, chief, "approved", comment=str(approval.execution.input["body"]["n"]))
    for wait in EventWait.objects.all():
        n = wait.input["comment"]
        bus.publish(Event("test.go", {"n": n}, f"test:{n}", wait.organization_id))
    time.sleep(0.2)
"""


def test_loops_calls_approvals_and_events_survive_killed_workers(new_stack):
    stack: Stack = new_stack("--no-demo").start()
    made = stack.manage("shell", "-c", MAKE_WAITING)
    assert "RESULT" in made.stdout, made.stderr
    token, schema = made.stdout.split("RESULT")[1].split()

    def completed() -> bool:
        found = stack.rows("SELECT status, count(*) FROM automation_workflowexecution GROUP BY 1")
        return found == [("completed", 2 * WAITING)]

    with ThreadPoolExecutor(3) as others:
        calls = [others.submit(call, stack, token, number) for number in range(WAITING)]
        answers = others.submit(stack.manage, "shell", "-c", ANSWER)
        for written in (WAITING, 3 * WAITING, 4 * WAITING):
            count = f'SELECT count(*) FROM "{schema}".orders'  # noqa: S608 (a name of ours)
            eventually(lambda: stack.rows(count)[0][0] >= written or completed(), what=f"{written} rows")  # noqa: B023
            kill(stack, *WORKER)
        for each in calls:
            each.result()
        eventually(completed, within=60, what="all executions to complete")
        assert answers.result().returncode == 0, answers.result().stderr

    rows = stack.rows(f'SELECT count(*), count(DISTINCT reference) FROM "{schema}".orders')  # noqa: S608
    assert rows == [(5 * WAITING, 5 * WAITING)]
    steps = stack.rows(
        "SELECT node_key, status, count(*) FROM automation_steprun WHERE iteration = 0 GROUP BY 1, 2 ORDER BY 1"
    )
    assert steps == [(key, "completed", WAITING) for key in ("ask", "call", "end", "loop", "wait", "write")]
    told = stack.rows("SELECT node_key, count(*) FROM automation_stepsignal GROUP BY 1 ORDER BY 1")
    assert told == [(key, WAITING) for key in ("ask", "call", "wait")]
