"""Deleting old executions with four steps and two lines of log each, while new ones run.

100,000 of them, or as many as BENCH_EXECUTIONS says: `BENCH_EXECUTIONS=1000000 manage.py bench retention --rounds 1`.
"""

import os
import threading
import time
from collections.abc import Callable

from django.db import connection

from nocode.automation.models import Workflow, WorkflowExecution
from nocode.automation.services import executions
from nocode.automation.tasks import cleanup_old_executions
from tests.benchmarks.harness import Bench, measurement
from tests.factories import make_published, set_values

EXECUTIONS = int(os.environ.get("BENCH_EXECUTIONS", 100_000))
STEPS = [("a", set_values(x="{{ 1 }}")), ("b", set_values(x="{{ 2 }}")), ("c", set_values(x="{{ 3 }}")), ("d", {})]
# What ended 40 days ago and later, one execution a second.
FILL = """
WITH ended AS (
    INSERT INTO automation_workflowexecution
    SELECT (jsonb_populate_record(execution, jsonb_build_object(
        'id', gen_random_uuid(), 'completed_at', completed_at - interval '40 days' + number * interval '1 second'))).*
    FROM automation_workflowexecution AS execution, generate_series(1, %(count)s) AS number
    WHERE execution.id = %(like)s RETURNING id
), steps AS (
    INSERT INTO automation_steprun (execution_id, node_key, iteration, attempt, status, ports, settings, output, error,
                                    started_at, finished_at, wake_at)
    SELECT ended.id, node_key, iteration, attempt, status, ports, settings, output, error, started_at, finished_at,
           wake_at
    FROM automation_steprun, ended WHERE execution_id = %(like)s
)
INSERT INTO automation_executionlog (execution_id, at, level, node_key, message, details)
SELECT ended.id, now(), 'info', 'a', 'line ' || line, '{"a": 1}' FROM ended, generate_series(1, 2) AS line
"""


@measurement("deleting", unit="")
def deleted(bench: Bench) -> dict[str, float]:
    workflow = make_published(*[(key, "set", config) for key, config in STEPS])
    count = EXECUTIONS // 20 if bench.quick else EXECUTIONS
    _fill(workflow, count)
    before = _aside(bench, lambda: time.sleep(2), workflow)
    full = _size()
    during = _aside(bench, _delete_all, workflow)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM automation_workflowexecution, automation_steprun, automation_executionlog")
    _fill(workflow, count)
    again = _size() / full
    _delete_all()
    return {
        "executions/s": count / during["seconds"],
        "rows/s (executions, steps, log)": 7 * count / during["seconds"],
        "longest transaction, ms": during["longest"] * 1000,
        "new executions beside it, each ms": during["each"] * 1000,
        "the slowest of them, ms": during["slowest"] * 1000,
        "new executions alone, each ms": before["each"] * 1000,
        "size when filled again, of the first time": again,
    }


def _size() -> int:
    """Bytes of the tables that are cleaned, with their indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s) AS name",
            [["automation_workflowexecution", "automation_steprun", "automation_executionlog"]],
        )
        return int(cursor.fetchone()[0])


def _fill(workflow: Workflow, count: int) -> None:
    like = executions.run_now(executions.start(workflow).pk, budget=10)
    with connection.cursor() as cursor:
        for at_once in range(0, count, 50_000):
            cursor.execute(FILL, {"count": min(50_000, count - at_once), "like": like.pk})
        cursor.execute("ANALYZE automation_workflowexecution, automation_steprun, automation_executionlog")


def _delete_all() -> None:
    while cleanup_old_executions().get("automation.WorkflowExecution"):
        pass


def _aside(bench: Bench, work: Callable[[], None], workflow: Workflow) -> dict[str, float]:
    """Do something while new executions run in one thread and another watches how long transactions last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [server] = cursor.fetchone()
    over, times, ages = threading.Event(), [], [0.0]
    threads = [
        threading.Thread(target=_run_new, args=(workflow, over, times)),
        threading.Thread(target=_watch, args=(server, over, ages)),
    ]
    for thread in threads:
        thread.start()
    with bench.clock() as clock:
        work()
    over.set()
    for thread in threads:
        thread.join()
    times.sort()
    middle = times[len(times) // 2] if times else 0.0
    return {"seconds": clock.seconds, "each": middle, "slowest": max(times, default=0.0), "longest": max(ages)}


def _run_new(workflow: Workflow, over: threading.Event, times: list[float]) -> None:
    while not over.wait(0.02):
        began = time.monotonic()
        execution = executions.run_now(executions.start(workflow).pk, budget=10)
        times.append(time.monotonic() - began)
        assert execution.status == WorkflowExecution.Status.COMPLETED
    connection.close()


def _watch(server: int, over: threading.Event, ages: list[float]) -> None:
    while not over.wait(0.005):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT extract(epoch FROM clock_timestamp() - xact_start)::float FROM pg_stat_activity WHERE pid = %s"
                " AND xact_start IS NOT NULL",
                [server],
            )
            ages += [row[0] for row in cursor.fetchall()]
    connection.close()
