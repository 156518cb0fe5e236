"""The secrets of an integration leave the process with the call, and are to be read nowhere else."""

import base64
import json
from html import escape

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from nocode.automation.models import Integration, NotificationDelivery, StepRun, WorkflowExecution
from nocode.automation.outgoing.concealing import conceal
from nocode.automation.services import integrations, notifications
from nocode.automation.tasks import call_notification_address
from nocode.foundation.crypto import decrypt
from nocode.foundation.events import deliver_events
from nocode.foundation.models import QueuedTask
from tests.automation.echoing import TOKEN, run, sent_with, serving
from tests.console.world import addresses, make_world
from tests.factories import make_integration, make_organization, make_published
from tests.fixtures.mail import run_queue

pytestmark = pytest.mark.django_db

CANARY = 'canary/"ünd"-7c1f4e'
BASIC = base64.b64encode(f"anna:{CANARY}".encode()).decode()
SPELLINGS = [CANARY, json.dumps(CANARY)[1:-1], json.dumps(CANARY, ensure_ascii=False)[1:-1], escape(CANARY), BASIC]
LEFT_OVERS = ["7c1f4e", BASIC[:12]]  # in every spelling of the secret, and in nothing else


@pytest.fixture
def server(settings):
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1", "localhost"]
    with serving() as server:
        yield server


@pytest.fixture
def organization():
    return make_organization("Acme")


def everything_stored() -> str:
    """Every row of every table as text, except the cipher text."""
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        rows = []
        for table in tables:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {connection.ops.quote_name(table)} AS t")
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def assert_clean(text: str, where: str) -> None:
    for trace in [*SPELLINGS, *LEFT_OVERS]:
        assert trace not in text, f"{trace!r} is in {where}: …{text[max(0, text.find(trace) - 200) :][:400]}…"


@pytest.mark.parametrize(
    ("path", "config", "status"),
    [
        ("", {}, "completed"),
        ("/500", {}, "waiting"),
        ("/404", {}, "failed"),
        ("/404", {"accept_errors": True}, "completed"),
    ],
)
def test_the_secret_is_nowhere_in_the_database_or_the_logs(organization, server, caplog, path, config, status):
    caplog.set_level("DEBUG")
    values = {"username": "anna", "password": CANARY}
    integration = make_integration(organization, "http.basic", values=values)
    integrations.save(integration, {"username": "anna", "password": CANARY, "hosts": "127.0.0.1"})

    execution = sent_with(integration, server, path, **config)

    assert execution.status == status
    assert server.calls[0]["authorization"] == f"Basic {BASIC}"
    assert json.loads(decrypt(Integration.objects.get().secrets)) == {"password": CANARY}
    assert_clean(everything_stored(), "the database")
    assert_clean(caplog.text, "the logs")
    assert not hasattr(Integration.history.first(), "secrets")
    [step] = StepRun.objects.all()
    assert "•••" in json.dumps(step.output, ensure_ascii=False) + step.error


def test_the_secret_is_on_no_page_and_in_no_download(server):
    world = make_world()
    integration = make_integration(
        world.organization, "http.basic", values={"username": "anna", "password": CANARY}, name="Zebrafish shop"
    )
    execution = sent_with(integration, server)
    world.rows |= {Integration: integration, WorkflowExecution: execution, StepRun: execution.steps.get()}
    client = Client()
    client.force_login(world.people["owner"])

    bodies = {}
    for page in addresses(world):
        if page.name in {"logout", "autocomplete"}:
            continue
        response = client.get(page.url)
        if response.status_code == 200:
            bodies[page.name] = b"".join(response).decode(errors="replace")
    for page in ("execution_step",):
        bodies[page] = client.get(reverse(f"admin:{page}", args=[execution.pk, "call"])).content.decode()

    for name, body in bodies.items():
        assert_clean(body, f"the page {name}")
    assert "Zebrafish shop" in bodies["automation_integration_changelist"]
    assert "anna" in bodies["automation_integration_change"]
    assert "•••" in bodies["execution_download"]


def test_a_short_secret_leaves_answers_whole():
    assert conceal(b"the latest test", ["test"]) == b"the latest test"


@pytest.mark.parametrize("written", [TOKEN, TOKEN.replace("/", "\\/"), "canary%2Ftoken%2B7c1f4e%3D%3D"])
def test_a_secret_is_found_however_it_is_written(written):
    assert conceal(f"<{written}>".encode(), [TOKEN]) == "<•••>".encode()


def test_the_secrets_of_messages_are_nowhere(settings, caplog, mail_server):
    """A mail server's password and a webhook's address: used, refused, tested, counted, told – and written nowhere."""
    caplog.set_level("DEBUG")
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1"]
    world = make_world()
    QueuedTask.objects.all().delete()  # the world's own is none
    owner, organization = world.people["owner"], world.organization
    address = f"http://127.0.0.1:{mail_server.port}/{LEFT_OVERS[0]}"  # answers, but not in HTTP
    notifications.save(owner, organization, None, {"failed": {"console", "email", "webhook"}}, address)
    values = {"host": "127.0.0.1", "port": mail_server.port, "security": "none", "sender": "shop@example.com"}
    integration = make_integration(
        organization, "smtp", values={**values, "username": "shop", "password": f"pass-{LEFT_OVERS[0]}"}
    )
    step = {"to": "a@example.com", "subject": "x", "text": "x", "integration": str(integration.pk)}
    execution = run(make_published(("send", "email.send", step), organization=organization))
    client = Client()
    client.force_login(owner)

    client.post(reverse("admin:integration_test", args=[integration.pk]))
    deliver_events()
    run_queue()
    NotificationDelivery.objects.update(attempts=100)
    for delivery in NotificationDelivery.objects.filter(channel="webhook"):
        call_notification_address(delivery.pk)

    assert execution.status == "failed"
    assert_clean(everything_stored(), "the database")
    ours = [record for record in caplog.records if record.name != "mail.log"]  # which is the server's
    assert_clean("\n".join(record.getMessage() + (record.exc_text or "") for record in ours), "the logs")
    world.rows |= {Integration: integration, WorkflowExecution: execution}
    for page in addresses(world):
        if page.name not in {"logout", "autocomplete"}:
            response = client.get(page.url)
            assert_clean(b"".join(response).decode(errors="replace"), f"the page {page.name}")
    assert_clean("".join(str(message.as_string()) for message in mail_server.messages), "the e-mails")
    assert len(mail_server.messages) == 2  # of this execution, and of the one the world has
