"""OAuth 2.0, client credentials: fetched once for all, kept encrypted, renewed when it is over or refused."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from nocode.automation.errors import PermanentFailure
from nocode.automation.integrations.chosen import credentials_of
from nocode.automation.models import Integration
from nocode.automation.services import integrations
from nocode.foundation.crypto import decrypt
from tests.automation.echoing import calling, run
from tests.automation.screens import make_office
from tests.factories import make_integration, make_published

pytestmark = pytest.mark.django_db

SECRET = "canary-secret-7c1f4e"


class Service(BaseHTTPRequestHandler):
    """`/token` gives token-1, token-2 …; everything else lets in the newest one only."""

    def do_POST(self):
        server = self.server
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        server.asked.append((self.headers.get("Authorization", ""), {name: text for name, [text] in form.items()}))
        time.sleep(server.pause)
        self._answer(*server.token_answer(len(server.asked)))

    def do_GET(self):
        self.server.calls.append(self.headers.get("Authorization"))
        let_in = self.server.calls[-1] == f"Bearer canary-token-{self.server.valid or len(self.server.asked)}"
        self._answer(200 if let_in else 401, {"you": self.server.calls[-1]})

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def service(settings):
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.calls, server.asked, server.pause, server.valid = [], [], 0, 0
    server.token_answer = lambda number: (200, {"access_token": f"canary-token-{number}", "expires_in": 600})
    server.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def account(service, organization=None, **values) -> Integration:
    known = {"token_url": f"{service.url}/token", "client_id": "shop:1", "client_secret": SECRET, "style": "header"}
    return make_integration(organization, "oauth2", values=known | values)


def call(service, integration, **config):
    workflow = make_published(calling(service.url, integration, **config), organization=integration.organization)
    return run(workflow)


@pytest.mark.parametrize("style", ["header", "body"])
def test_the_token_is_fetched_once_and_kept_encrypted(service, style):
    integration = account(service, style=style, scope="orders.read orders.write")

    executions = [call(service, integration) for _ in range(2)]

    assert [each.status for each in executions] == ["completed"] * 2, executions[0].error_message
    assert service.calls == ["Bearer canary-token-1"] * 2
    [(header, form)] = service.asked
    pair = base64.b64encode(f"shop%3A1:{SECRET}".encode()).decode()
    own = {} if style == "header" else {"client_id": "shop:1", "client_secret": SECRET}
    assert header == (f"Basic {pair}" if style == "header" else "")
    assert form == {"grant_type": "client_credentials", "scope": "orders.read orders.write"} | own
    integration.refresh_from_db()
    kept = json.loads(decrypt(integration.token))
    assert "canary" not in integration.token
    assert (kept["text"], 500 < kept["until"] - time.time() < 600) == ("canary-token-1", True)


@pytest.mark.parametrize("config", [{}, {"accept_errors": True}])
def test_a_token_that_is_refused_is_renewed_once(service, config):
    integration = account(service)
    call(service, integration)
    service.valid = 2

    execution = call(service, integration, **config)

    assert execution.status == "completed"
    assert service.calls == ["Bearer canary-token-1"] * 2 + ["Bearer canary-token-2"]
    service.valid = 99
    assert call(service, integration).status == "failed"  # and not again and again
    assert service.calls[3:] == ["Bearer canary-token-2", "Bearer canary-token-3"]


def test_a_token_that_is_over_or_of_other_settings_is_renewed(service):
    service.token_answer = lambda number: (200, {"access_token": f"canary-token-{number}", "expires_in": 0.001})
    integration = account(service)
    call(service, integration)
    service.token_answer = lambda number: (200, {"access_token": f"canary-token-{number}"})
    call(service, integration)
    integration.refresh_from_db()

    integrations.save(integration, {**integration.settings, "scope": "other"})
    call(service, integration)

    assert service.calls == [f"Bearer canary-token-{number}" for number in (1, 2, 3)]


@pytest.mark.django_db(transaction=True)
def test_many_workers_fetch_once(service):
    credentials = credentials_of(account(service))
    service.pause = 0.3

    def admit(refused: str) -> str:
        try:
            return credentials.headers_for("127.0.0.1", refused)["Authorization"]
        finally:
            assert connection.connection is None  # the thread had none, and keeps none

    for refused, expected in (("", "Bearer canary-token-1"), ("Bearer canary-token-1", "Bearer canary-token-2")):
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(admit, [refused] * 4)) == {expected}

    assert len(service.asked) == 2


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {"error": "invalid_client"}, "Client secret: The service refused to give a token (401 invalid_client)."),
        (400, {"error": "invalid_scope"}, "Scope: The service refused to give a token (400 invalid_scope)."),
        (404, "not here", "Address of the token: The service refused to give a token (404 )."),
        (200, {"access": "x"}, "Address of the token: The answer holds no token."),
        (200, {"access_token": "two\nlines"}, "Address of the token: The answer holds no token."),
        (200, ["x"], "Address of the token: The answer holds no token."),
    ],
)
def test_an_error_names_the_field(service, status, body, said):
    service.token_answer = lambda number: (status, body)

    with pytest.raises(PermanentFailure) as refusal:
        integrations.test(account(service))

    assert refusal.value.message == said


def test_a_service_that_fails_is_asked_again_later(service):
    service.token_answer = lambda number: (503, {"error": SECRET})

    execution = call(service, account(service))

    assert execution.status == "waiting"
    error = execution.steps.get().error
    assert error.startswith("Address of the token: ")
    assert SECRET not in error


def test_the_address_of_the_token_is_guarded(service, settings):
    settings.OUTGOING_HTTP_ALLOW = []

    with pytest.raises(PermanentFailure, match="Address of the token: 127.0.0.1 is an address inside a private"):
        integrations.test(account(service))


def test_owners_try_it_and_nobody_else_does(service):
    office = make_office()
    integration = account(service, office.organization)
    address = reverse("admin:integration_test", args=[integration.pk])

    answers = {who: office.client(who).post(address, follow=True) for who in ("viewer", "stranger")}
    assert [answers["viewer"].status_code, answers["stranger"].status_code] == [403, 404]
    assert not service.asked
    client: Client = office.client("owner")
    html = client.post(address, follow=True).content.decode()

    assert "The service gave a token." in html
    assert "canary" not in html
