"""Copies of projects at the same time as other changes: together they stay within the plan."""

import threading
import time

import pytest
from django.db import connection, connections, transaction

from nocode.foundation.errors import NoCodeError
from nocode.foundation.services.billing import LimitReached
from nocode.studio.models import DataTable, Project
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.services import projects
from nocode.studio.transfer import copying
from tests.factories import make_organization, make_plan, make_project, make_subscription, make_table

WAITING = """
    SELECT pg_stat_clear_snapshot();
    SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))
"""


@pytest.fixture
def project(transactional_db):
    """Two tables of the four that the plan allows."""
    organization = make_organization("Acme")
    make_subscription(organization, make_plan(tables=4))
    made = make_project(organization)
    for label in ("A", "B"):
        make_table(made, label)
    yield made
    for each in Project.everything.all():
        each.delete()


class Copy(threading.Thread):
    """Copies a project; keeps why it was refused."""

    def __init__(self, source: Project):
        super().__init__()
        self.source, self.made = source, projects.create_project(source.organization, "Copy")
        self.refusal = ""

    def run(self) -> None:
        try:
            copying.duplicate(self.source, self.made)
        except NoCodeError as refusal:
            self.refusal = refusal.message
        finally:
            connections.close_all()

    def wait_until_it_waits(self) -> None:
        deadline = time.monotonic() + 20
        with connection.cursor() as cursor:
            while time.monotonic() < deadline and self.is_alive():
                cursor.execute(WAITING)
                if cursor.rowcount:
                    return
                time.sleep(0.02)
        raise AssertionError("the copy never waited")


def copied(project: Project) -> None:
    copying.duplicate(project, projects.create_project(project.organization, "Another"))


def added(project: Project) -> None:
    SchemaManager(project).create_table("C")


def brought_back(project: Project) -> None:
    projects.restore(Project.everything.exclude(trashed_at=None).get())


@pytest.mark.parametrize("other", [copied, added, brought_back])
def test_a_copy_counts_what_was_added_while_it_waited(project, other):
    if other is brought_back:
        away = make_project(project.organization, "Away")
        make_table(away, "C")
        projects.trash(away)
    copy = Copy(project)

    with transaction.atomic():
        other(project)
        copy.start()
        copy.wait_until_it_waits()
    copy.join(60)

    assert "allows 4 for “tables”" in copy.refusal
    assert DataTable.objects.filter(project__organization=project.organization_id).count() <= 4


def test_a_copy_that_fits_is_made(project):
    copy = Copy(project)

    copy.run()

    assert (copy.refusal, copy.made.tables.count()) == ("", 2)


def test_a_project_does_not_come_back_with_more_tables_than_the_plan_allows(project):
    projects.trash(project)
    other = make_project(project.organization, "Other")
    for label in ("C", "D", "E"):
        make_table(other, label)

    with pytest.raises(LimitReached):
        projects.restore(project)
    assert Project.everything.get(pk=project.pk).trashed_at
