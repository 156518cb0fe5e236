"""Webhooks through a real web server: bodies without an announced length."""

import http.client
import socket
import sys
import time

import pytest
from django.test import Client

from nocode.automation.models import WebhookDelivery
from nocode.automation.services import triggers
from tests.factories import make_published, set_values
from tests.processes import background, database_url

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def hook(transactional_db):
    workflow = make_published(("echo", "set", set_values(a="1")))
    return triggers.create(workflow, "webhook", "Hook", config={"max_body_bytes": 1000})


@pytest.fixture
def port():
    """Where gunicorn listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    command = ("-m", "gunicorn", "nocode.wsgi", "--workers", "1", "--bind", f"127.0.0.1:{number}")
    values = {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "nocode.settings", "PYTHONWARNINGS": "ignore"}
    with background(sys.executable, *command, "--log-level", "critical", **values):
        deadline = time.monotonic() + 30
        while _is_closed(number) and time.monotonic() < deadline:
            time.sleep(0.05)
        yield number


def _is_closed(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def call_in_chunks(port: int, hook, *chunks: bytes) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", f"/hooks/{hook.token}/", iter(chunks), JSON, encode_chunked=True)
    return connection.getresponse()


def test_a_body_in_chunks_is_read_as_far_as_the_limit(hook, port):
    accepted = call_in_chunks(port, hook, b'{"a":', b" 1}")
    too_large = call_in_chunks(port, hook, *[b"x" * 500] * 3)

    assert (accepted.status, too_large.status) == (202, 413)
    assert bytes(WebhookDelivery.objects.get().body) == b'{"a": 1}'


def test_a_server_that_cannot_read_chunks_asks_for_the_length(hook):
    response = Client().post(
        f"/hooks/{hook.token}/", b"{}", content_type="application/json", HTTP_TRANSFER_ENCODING="chunked"
    )

    assert response.status_code == 411
    assert "Content-Length" in response.json()["error"]
