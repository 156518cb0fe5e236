"""The log of every change: what it says, what it leaves out, and that nothing ever breaks by it."""

import logging
import timeit
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings as current
from django.core import management
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_save
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from nocode.automation.models import Workflow
from nocode.foundation.models import LoginSession, OutboxEvent, Worker
from nocode.runtime.signals import level_of, log_model_changes
from nocode.settings.env import env_choice
from tests.factories import make_app, make_user, make_workflow

pytestmark = pytest.mark.django_db

NAME = "nocode.runtime.signals"


@pytest.fixture
def lines(caplog):
    """`lines()`: what was told so far."""
    caplog.set_level(logging.INFO, logger=NAME)
    return lambda: [record.getMessage() for record in caplog.records if record.name == NAME]


def test_what_is_created_and_updated_is_told(lines):
    workflow = make_workflow()
    workflow.save()

    assert lines()[-2:] == [f"Created Workflow: {workflow.pk}", f"Updated Workflow: {workflow.pk}"]


def test_logging_in_is_no_change(lines):
    user = make_user()
    before = lines()

    Client().force_login(user)
    assert lines() == before

    user.save(update_fields=["last_login", "name"])
    assert lines() == [*before, f"Updated User: {user.pk}"]


def test_history_is_not_told(lines):
    workflow = make_workflow()

    assert workflow.history.count() == 1
    assert not [line for line in lines() if "Historical" in line]


@pytest.mark.parametrize(
    "label",
    [
        "sessions.Session",
        "admin.LogEntry",
        "django_q.Task",
        "django_q.Schedule",
        "foundation.OutboxEvent",
        "foundation.QueuedTask",
        "foundation.Worker",
        "foundation.Email",
        "foundation.Notification",
        "automation.StepRun",
        "automation.ExecutionLog",
        "automation.WorkflowExecution",
        "automation.HistoricalWorkflow",
        "runtime.DeploymentLog",
        "runtime.HistoricalGeneratedApp",
        "insights.UserActivity",
    ],
)
def test_rows_of_machines_are_not_told(label):
    assert level_of(apps.get_model(label)) == 0


@pytest.mark.parametrize(
    "label", ["foundation.User", "foundation.Organization", "studio.Project", "studio.Page", "runtime.GeneratedApp"]
)
def test_objects_of_people_are_told(label):
    assert level_of(apps.get_model(label)) == logging.INFO


def test_every_name_in_the_setting_is_a_model_or_an_application():
    for label in current.MODEL_CHANGES_LOG_SKIP:
        if "." in label:
            apps.get_model(label)
        else:
            assert label == "migrations" or apps.get_app_config(label)


def test_fixtures_are_not_told(lines, tmp_path):
    workflow = make_workflow()
    file = tmp_path / "workflow.json"
    management.call_command("dumpdata", "automation.Workflow", output=str(file))
    before = lines()

    management.call_command("loaddata", str(file), verbosity=0)

    assert Workflow.objects.get() == workflow
    assert lines() == before


@pytest.mark.parametrize(("level", "told"), [("OFF", []), ("DEBUG", []), ("INFO", [20]), ("WARNING", [30])])
def test_the_level_is_a_setting(settings, caplog, level, told):
    settings.MODEL_CHANGES_LOG_LEVEL = level
    organization = make_app().project.organization
    caplog.set_level(logging.INFO, logger=NAME)
    caplog.clear()

    make_workflow(organization)

    assert [record.levelno for record in caplog.records if record.name == NAME] == told


def test_models_can_be_named_and_left_out(settings, lines):
    settings.MODEL_CHANGES_LOG_MODELS = ["automation", "runtime.GeneratedApp"]
    settings.MODEL_CHANGES_LOG_SKIP = ["automation.Node"]

    app, workflow = make_app(), make_workflow()
    workflow.nodes.create(key="one", kind="set", label="One")

    assert lines() == [f"Created GeneratedApp: {app.pk}", f"Created Workflow: {workflow.pk}"]


def test_nonsense_in_the_setting_is_refused_at_the_start(monkeypatch):
    monkeypatch.setenv("MODEL_CHANGES_LOG_LEVEL", "loud")

    with pytest.raises(ImproperlyConfigured, match="must be one of OFF, DEBUG, INFO, WARNING; got 'LOUD'"):
        env_choice("MODEL_CHANGES_LOG_LEVEL", "INFO", ["OFF", "DEBUG", "INFO", "WARNING"])


def test_it_asks_the_database_nothing(django_assert_num_queries):
    workflow = make_workflow()
    deferred = Workflow.objects.only("pk").get(pk=workflow.pk)

    with django_assert_num_queries(0):
        log_model_changes(Workflow, deferred, created=False, raw=False)


def test_logging_in_and_out_works_with_every_signal_connected(lines):
    user = make_user("ada@example.com")
    client = Client()

    answer = client.post(
        reverse("admin:login"), {"username": user.email, "password": "correct horse battery", "next": "/admin/"}
    )
    assert answer.status_code == 302
    session = LoginSession.objects.get()
    assert client.get(reverse("admin:index")).status_code == 200

    LoginSession.objects.filter(pk=session.pk).update(expire_date=timezone.now() - timedelta(days=1))
    assert client.get(reverse("admin:index")).status_code == 302  # expired
    management.call_command("clearsessions")
    assert not LoginSession.objects.exists()
    assert not [line for line in lines() if "Session" in line]


def test_rows_of_machines_cost_next_to_nothing():
    event, worker = OutboxEvent(name="x", key="x", payload={}), Worker(pid=1)
    log_model_changes(OutboxEvent, event, created=True, raw=False)
    log_model_changes(Worker, worker, created=True, raw=False)

    def call() -> None:
        log_model_changes(OutboxEvent, event, created=True, raw=False)

    best = min(timeit.repeat(call, number=10_000, repeat=5)) / 10_000
    assert best < 5e-6, f"{best * 1e6:.2f} µs"


def test_it_listens_to_every_model():
    assert post_save.has_listeners(LoginSession)
    assert any(receiver[0][0] == "runtime.log_model_changes" for receiver in post_save.receivers)
