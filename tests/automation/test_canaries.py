"""A canary in every secret people can give: used in every way that steps run, and to be found nowhere afterwards."""

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.test import Client
from django.urls import reverse

from nocode.automation.integrations import integration_types
from nocode.automation.models import Integration, StepRun, Trigger, Workflow, WorkflowExecution
from nocode.automation.services import rehearsals, triggers
from nocode.foundation.events import deliver_events
from nocode.foundation.models import QueuedTask
from tests.automation.looping import make_loop
from tests.automation.stepping import run
from tests.automation.test_integration_secrets import everything_stored
from tests.console.world import addresses, make_world
from tests.factories import make_integration, make_published, set_values
from tests.fixtures.mail import run_queue

pytestmark = pytest.mark.django_db

CANARY = "canary-7c1f4e"  # every secret begins with it
ITEMS = {"items": [1, 2]}


class Quoting(BaseHTTPRequestHandler):
    """`/token` gives a token; everything else answers `/<status>/…` and quotes all it was sent, also decoded."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        code = self.headers.get("Authorization", "").partition("Basic ")[2]
        quoted = {"path": self.path, "headers": dict(self.headers), "body": body}
        quoted["decoded"] = base64.b64decode(code).decode()
        self.server.seen.append(json.dumps(quoted))
        answer = {"access_token": f"{CANARY}-token"} if self.path == "/token" else quoted
        status = self.path.strip("/").split("/")[0]
        self.send_response(int(status) if status.isdecimal() else 200)
        self.send_header("X-You-Sent", self.headers.get("Authorization", ""))
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def do_GET(self):
        self.do_POST()

    def log_message(self, *args):
        pass


@pytest.fixture
def server(settings):
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Quoting)
    server.seen, server.url = [], f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def accounts(url: str, mail_port: int) -> dict[str, dict]:
    """The settings and secrets of an account of every type."""
    return {
        "http.basic": {"username": "anna", "password": f"{CANARY}-basic"},
        "http.bearer": {"token": f"{CANARY}-bearer"},
        "http.api_key": {"header": "X-Shop-Key", "value": f"{CANARY}-key"},
        "http.query_key": {"parameter": "api_key", "value": f"{CANARY}-query"},
        "oauth2": {
            "token_url": f"{url}/token",
            "client_id": "shop",
            "client_secret": f"{CANARY}-client",
            "style": "header",
        },
        "slack": {"address": f"{url}/200/{CANARY}-slack"},
        "smtp": {
            "host": "127.0.0.1",
            "port": mail_port,
            "security": "none",
            "sender": "shop@example.com",
            "username": "shop",
            "password": f"{CANARY}-smtp",
        },
    }


def steps_with(integration: Integration, url: str) -> list[tuple[str, dict]]:
    """Steps that use it: one that goes well, one that is refused, one that is to be tried again."""
    chosen = {"integration": str(integration.pk)}
    if integration.type == "slack":
        return [("slack", chosen | {"text": "x"})]
    if integration.type == "smtp":
        return [("email.send", chosen | {"to": "a@example.com", "subject": "x", "text": "x"})]
    post = {"method": "POST", "url": url, "body_type": "json", "body": {"n": 1}}
    return [("http.request", chosen | post | {"url": f"{url}/{status}/"}) for status in (200, 404, 500)]


def use(integration: Integration, url: str) -> list[WorkflowExecution]:
    """Run its steps alone, per item, and in a loop, with their errors kept; and try the first one out."""
    ran = []
    for kind, config in steps_with(integration, url):
        own = {"organization": integration.organization}
        alone = make_published(("call", kind, config), **own)
        many = ("call", kind, config | {"for_each": True})
        ran += [
            run(alone),
            run(make_published(("list", "set", set_values(a=1)), ("call", kind, config), **own)),
            run(make_published(many, **own), [1, 2]),
            run(make_loop(("call", kind, config), config={"on_failure": "continue"}, **own), ITEMS),
        ]
    return ran


def test_no_canary_is_written_anywhere(server, mail_server, caplog):
    caplog.set_level("DEBUG")
    world = make_world()
    QueuedTask.objects.all().delete()  # the world's own is none
    owner, organization = world.people["owner"], world.organization
    given = accounts(server.url, mail_server.port)
    assert given.keys() == {each.kind for each in integration_types}  # a new type gets its canary here
    client = Client(raise_request_exception=False)
    client.force_login(owner)

    ran, kept = [], []
    for kind, values in given.items():
        integration = make_integration(organization, kind, values=values, name=f"Canary {kind}")
        kept.append(integration)
        ran += use(integration, server.url)
        client.post(reverse("admin:integration_test", args=[integration.pk]))
        client.post(  # refused, with a secret that was typed
            reverse("admin:automation_integration_change", args=[integration.pk]),
            {"name": "", **{f"config-{name}": text for name, text in values.items()}},
        )
    hooked = make_published(("echo", "set", set_values(all="{{ trigger }}")), organization=organization)
    secret = f"{CANARY}-webhook-secret-of-some-length"
    hook = triggers.create(hooked, "webhook", "Hook", config={"security": "header"}, secret=secret)
    for sent in (secret, f"{CANARY}-wrong"):
        Client().post(f"/hooks/{hook.token}/", {"a": 1}, "application/json", headers={"x-webhook-secret": sent})
    rehearsals.rehearse(ran[0].version.workflow.nodes.get())
    deliver_events()
    run_queue()

    assert {each.status for each in ran} == {"completed", "failed", "waiting"}
    for word in ("basic", "bearer", "key", "query", "token", "client", "slack"):
        assert any(f"{CANARY}-{word}" in seen for seen in server.seen), f"{word} was not used"
    assert_clean(everything_stored(), "the database")
    ours = [record for record in caplog.records if record.name != "mail.log"]  # which is the server's
    assert_clean("\n".join(record.getMessage() + (record.exc_text or "") for record in ours), "the logs")
    world.rows |= {Integration: kept[0], Trigger: hook}
    world.rows |= {Workflow: ran[0].workflow, WorkflowExecution: ran[0], StepRun: ran[0].steps.get()}
    pages = [page for page in addresses(world) if page.name not in {"logout", "autocomplete"}]
    for page in pages:
        assert_clean(body_of(client, page.url), page.name)
    for each in kept:
        assert_clean(body_of(client, reverse("admin:automation_integration_change", args=[each.pk])), each.name)
    for execution in ran:
        for name, more in (("execution_download", []), ("execution_step", [execution.steps.last().node_key])):
            assert_clean(body_of(client, reverse(f"admin:{name}", args=[execution.pk, *more])), name)


def body_of(client: Client, url: str) -> str:
    """The page or the download."""
    return b"".join(client.get(url)).decode(errors="replace")


def assert_clean(text: str, where: str) -> None:
    for trace in (CANARY, base64.b64encode(f"anna:{CANARY}".encode()).decode()[:20]):
        place = text.find(trace)
        assert place < 0, f"{trace!r} is in {where}: …{text[max(0, place - 300) : place + 100]}…"
