"""A worker that is killed in the middle of an import: another one does it again, and each row is there once."""

import os
import signal

import pytest
from django.db import connection

from nocode.studio.models import TableJob
from nocode.studio.services import jobs
from tests.factories import make_project
from tests.fixtures.cluster import queue_is_empty
from tests.fixtures.stack import eventually
from tests.studio.importing import start_import

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 60_000


def content() -> str:
    lines = (f"{number},Person {number},person{number}@example.com,{number / 4}" for number in range(ROWS))
    return "\n".join(["Number,Name,E-mail,Amount", *lines])


def state_of(job: TableJob) -> str:
    return TableJob.objects.values_list("state", flat=True).get(pk=job.pk)


def is_under_way(job: TableJob) -> bool:
    return TableJob.objects.filter(pk=job.pk, state="running", done__gt=0).exists()


def leftovers() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'st\\_%'")
        return cursor.fetchone()[0]


def test_a_killed_import_is_done_again_and_once(start_cluster):
    job = start_import(make_project(), content())
    cluster = start_cluster(workers=1)
    eventually(lambda: is_under_way(job), what="an import that is under way")

    os.kill(cluster.workers[0], signal.SIGKILL)

    eventually(lambda: state_of(job) == "done", what="the import done by another worker")
    eventually(queue_is_empty, what="an empty queue")
    table = TableJob.objects.get(pk=job.pk).table
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT count(*), count(DISTINCT number) FROM "{table.project.schema_name}"."{table.physical_name}"'
        )
        assert cursor.fetchone() == (ROWS, ROWS)
    assert leftovers() == 0


def test_a_stopped_import_leaves_nothing(start_cluster):
    project = make_project()
    job = start_import(project, content())
    start_cluster(workers=1)
    eventually(lambda: is_under_way(job), what="an import that is under way")

    jobs.cancel(job)

    eventually(lambda: state_of(job) == "cancelled", what="the end of the import")
    assert project.tables.count() == 0
    assert leftovers() == 0
