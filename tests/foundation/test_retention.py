"""Rows of the kernel that nobody needs any more: deleted to the second, and no others."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from django_q.models import Failure, Success, Task

from nocode.foundation import retention
from nocode.foundation.models import Email, LoginSession, Organization, OutboxEvent, QueuedTask
from nocode.foundation.retention import OLD_ROWS, Sweep
from nocode.foundation.tasks.retention import forget_old_rows

pytestmark = pytest.mark.django_db

MOMENT = timedelta(seconds=2)


def days(count: int) -> timedelta:
    return timedelta(days=count)


def make_event(**fields) -> OutboxEvent:
    return OutboxEvent.objects.create(name="x.happened", key="x", payload={}, **fields)


def make_email(**fields) -> Email:
    return Email.objects.create(to="a@example.com", subject="x", **fields)


def make_result(ago: timedelta, success: bool = True) -> Task:
    then = timezone.now() - ago
    model = Success if success else Failure
    return model.objects.create(id=uuid4().hex, name="x", func="x", started=then, stopped=then, success=success)


@pytest.mark.parametrize(("ago", "stays"), [(days(14) - MOMENT, True), (days(14) + MOMENT, False)])
def test_delivered_events_stay_for_two_weeks(ago, stays):
    event = make_event(delivered_at=timezone.now() - ago)

    forget_old_rows()

    assert OutboxEvent.objects.filter(pk=event.pk).exists() is stays


def test_events_that_were_not_delivered_stay():
    waiting, lost = make_event(), make_event(gave_up=True)
    OutboxEvent.objects.update(created_at=timezone.now() - days(500))

    forget_old_rows()

    assert set(OutboxEvent.objects.all()) == {waiting, lost}


@pytest.mark.parametrize(
    ("status", "ago", "stays"),
    [
        ("sent", days(90) - MOMENT, True),
        ("sent", days(90) + MOMENT, False),
        ("queued", days(900), True),
    ],
)
def test_sent_emails_stay_for_three_months(status, ago, stays):
    email = make_email(status=status, sent_at=timezone.now() - ago)

    forget_old_rows()

    assert Email.objects.filter(pk=email.pk).exists() is stays


@pytest.mark.parametrize(("ago", "stays"), [(days(30) - MOMENT, True), (days(30) + MOMENT, False)])
def test_emails_that_were_given_up_stay_for_a_month(ago, stays):
    email = make_email(status="failed")
    Email.objects.update(updated_at=timezone.now() - ago)

    forget_old_rows()

    assert Email.objects.filter(pk=email.pk).exists() is stays


def test_sessions_that_have_ended_go():
    LoginSession.objects.create(pk="old", expire_date=timezone.now() - MOMENT, seen_at=timezone.now())
    LoginSession.objects.create(pk="new", expire_date=timezone.now() + days(1), seen_at=timezone.now())

    forget_old_rows()

    assert [session.pk for session in LoginSession.objects.all()] == ["new"]


@pytest.mark.parametrize(
    ("success", "ago", "stays"),
    [(True, days(30) - MOMENT, True), (True, days(30) + MOMENT, False), (False, days(900), True)],
)
def test_results_stay_for_a_month_and_failures_until_somebody_deletes_them(success, ago, stays):
    result = make_result(ago, success)

    forget_old_rows()

    assert Task.objects.filter(pk=result.pk).exists() is stays


def test_what_was_deleted_is_counted_by_kind_and_the_rest_is_queued(monkeypatch):
    for _number in range(3):
        make_event(delivered_at=timezone.now() - days(15))
        make_email(status="sent", sent_at=timezone.now() - days(91))

    assert forget_old_rows() == {"foundation.OutboxEvent": 3, "foundation.Email": 3}
    assert not QueuedTask.objects.exists()

    make_event(delivered_at=timezone.now() - days(15))
    monkeypatch.setattr(retention.Sweep.__init__, "__defaults__", (0, 500))  # no time at all
    assert forget_old_rows() == {}
    assert [task.name for task in QueuedTask.objects.all()] == [forget_old_rows.path]
    assert OutboxEvent.objects.count() == 1


def test_every_kind_of_old_rows_can_be_deleted_in_batches(django_assert_max_num_queries):
    """A table somebody points to with a key that must not be lost would stop the sweep: say so here, not at night."""
    for old_rows in OLD_ROWS:
        rows = old_rows()
        with django_assert_max_num_queries(4):
            Sweep().delete(rows)
        for relation in retention._relations_to(rows.model):
            assert relation.on_delete.__name__ in {"CASCADE", "SET_NULL"}


def test_what_is_protected_by_something_else_is_refused():
    organization = Organization.objects.create(name="x", slug="x")

    with pytest.raises(TypeError, match="Organization cannot be deleted in batches because of"):
        Sweep().delete(Organization.objects.filter(pk=organization.pk))

    assert Organization.objects.filter(pk=organization.pk).exists()
