"""/healthz and /readyz."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from nocode.foundation.models import Worker


def make_worker(age: timedelta) -> Worker:
    return Worker.objects.create(
        id=uuid.uuid4(), cluster="nocode", host="here", pid=1, heartbeat_at=timezone.now() - age
    )


def test_healthz_asks_no_database(client):
    answer = client.get("/healthz")  # no database mark: a query would fail the test

    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_is_content_with_a_live_worker(client):
    make_worker(timedelta(0))

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "database": True, "migrations": True, "workers": 1}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_readyz_misses_a_worker_that_fell_silent(client):
    make_worker(timedelta(minutes=10))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": True, "migrations": True, "workers": 0}


@pytest.mark.django_db
def test_readyz_misses_a_migration(client):
    make_worker(timedelta(0))
    MigrationRecorder.Migration.objects.using(connection.alias).filter(app="sessions").delete()

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["migrations"] is False
