"""The step types: each one complete, and each one's own behaviour."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest

from nocode.automation.engine import runner
from nocode.automation.models import WorkflowExecution
from nocode.automation.nodes import Effect, node_types
from nocode.automation.nodes.config import clean_config, holds_expression
from nocode.automation.outgoing.concealing import showable
from nocode.automation.services import executions
from tests.factories import make_published, set_values

# What versions that were published name: none of these may ever go.
PUBLISHED = set(
    """set filter if switch merge merge.any wait http.request record.create record.update record.find stop respond
    email.send loop loop.records sort limit dedupe split.out summarize aggregate date.format date.add date.difference
    date.round date.parts text.template text.split text.join text.replace text.extract text.change crypto.hash
    crypto.hmac crypto.random crypto.base64 markdown html.extract html.text
    wait.event workflow.call cancel merge.some""".split()
)
KINDS = sorted(entry.kind for entry in node_types)


def test_no_published_kind_is_lost():
    assert set(KINDS) >= PUBLISHED


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{ 1 }}", True),
        ("{ 1 }", False),
        (r"\{{ 1 }}", True),  # the engine turns it into plain braces
        ({"a": ["x", {"b": "{{"}]}, True),
        (5, False),
        (None, False),
    ],
)
def test_an_expression_is_found_wherever_it_stands(value, expected):
    assert holds_expression(value) is expected


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_an_icon_a_form_and_an_effect(kind):
    node_type = node_types[kind]

    assert str(node_type.label)
    assert str(node_type.summary).endswith(".")
    assert node_type.icon.replace("_", "").isalpha()
    assert isinstance(node_type.effect, Effect)
    assert node_type.Config().as_p() is not None
    for name, field in node_type.Config.base_fields.items():
        assert field.label, name


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_settings_are_refused_by_every_kind(kind):
    _cleaned, errors = clean_config(node_types[kind].Config, {"bogus": 1})

    assert "bogus" in errors


def run(workflow, data=None) -> WorkflowExecution:
    execution = executions.start(workflow, input=data)
    runner.run(execution.pk, continue_later=lambda *args: None)
    execution.refresh_from_db()
    return execution


@pytest.fixture
def server():
    """A real HTTP server on loopback; `server.calls` is what arrived."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.server.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = int(urlsplit(self.path).path.strip("/") or 200)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps({"got": body.decode()}).encode())

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.calls = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def call(url: str, **config) -> tuple:
    return ("call", "http.request", {"method": "POST", "url": url, **config})


@pytest.mark.django_db
def test_http_sends_json_and_keeps_the_answer(server, settings):
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1"]
    workflow = make_published(call(server.url, body="{{ {total: trigger.total} }}"))

    execution = run(workflow, {"total": 5})

    assert execution.status == "completed", execution.error_message
    assert execution.output["status"] == 200
    assert json.loads(execution.output["body"]["got"]) == {"total": 5}
    [(headers, _body)] = server.calls
    assert headers["idempotency-key"] == f"{execution.pk}:call:0"


@pytest.mark.django_db
def test_http_to_loopback_is_refused_by_default_and_not_repeated(server):
    execution = run(make_published(call(server.url)))

    assert execution.status == "failed"
    assert "127.0.0.1" in execution.error_message
    assert server.calls == []
    assert execution.steps.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "ends"), [(404, "failed"), (503, "waiting")])
def test_http_error_status_is_permanent_or_passing(server, settings, status, ends):
    settings.OUTGOING_HTTP_ALLOW = [f"127.0.0.1:{server.server_port}"]

    execution = run(make_published(call(f"{server.url}/{status}")))

    assert execution.status == ends
    assert str(status) in execution.steps.get().error


@pytest.mark.django_db
def test_http_reaches_this_installations_own_echo_but_no_other_own_page(live_server, settings):
    settings.PUBLIC_URL = live_server.url

    echoed = run(make_published(call("/echo/?a=1", body="hello")))
    refused = run(make_published(call(f"{live_server.url}/admin/")))

    assert echoed.output["body"] == {"method": "POST", "query": {"a": "1"}, "body": "hello"}
    assert refused.status == "failed"


@pytest.mark.django_db
def test_secrets_in_headers_are_not_kept(server, settings):
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1"]
    headers = [{"name": "Authorization", "value": "Bearer canary-1"}, {"name": "X-Plain", "value": "kept"}]

    execution = run(make_published(call(server.url, headers=headers)))

    assert server.calls[0][0]["authorization"] == "Bearer canary-1"
    stored = execution.steps.get().settings["headers"]
    assert [row["value"] for row in stored] == ["•••", "kept"]


@pytest.mark.django_db
def test_secrets_in_the_address_are_sent_but_not_kept(server, settings):
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1"]
    host = server.url.removeprefix("http://")
    step = call(f"http://anna:canary-1@{host}/?page=2&api_key=canary-2", query=[{"name": "sig", "value": "canary"}])

    execution = run(make_published(step))

    assert execution.status == "completed"
    assert server.calls[0][0]["authorization"].startswith("Basic ")
    stored = execution.steps.get().settings
    assert stored["url"] == f"http://•••@{host}/?page=2&api_key=•••"
    assert "canary" not in json.dumps(stored)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("https://example.com/a@b?page=2", "https://example.com/a@b?page=2"),
        ("https://anna:p@ss@example.com:8080/", "https://•••@example.com:8080/"),
        ("anna:secret@example.com", "•••@example.com"),
        ("//anna@example.com", "//•••@example.com"),
        ("https://example.com?Access%5FToken=1&x=&password=", "https://example.com?Access%5FToken=•••&x=&password="),
        (
            "https://s3.example.com/?X-Amz-Signature=ab&X-Amz-Date=1",
            "https://s3.example.com/?X-Amz-Signature=•••&X-Amz-Date=1",
        ),
        ("https://example.com/#access_token=a=b&state=1", "https://example.com/#access_token=•••&state=1"),
        ("/hooks/abc/?a=1", "/hooks/abc/?a=1"),
    ],
)
def test_an_address_is_shown_without_its_secrets(typed, shown):
    assert showable(typed) == shown


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [("number", "12.5", 12.5), ("number", "7", 7), ("boolean", "false", False), ("json", '{"a": [1]}', {"a": [1]}),
     ("text", "{{ 5 }}", "5"), ("", "{{ 5 }}", 5), ("", "5", "5")],
)  # fmt: skip
def test_set_types_its_values(kind, value, stored):
    execution = run(make_published(("a", "set", {"values": [{"name": "x.y", "value": value, "type": kind}]})))

    assert execution.output == {"x": {"y": stored}}


@pytest.mark.django_db
def test_set_keeps_the_input_without_changing_earlier_outputs():
    workflow = make_published(
        ("a", "set", {"values": [{"name": "who.name", "value": "Ann"}]}),
        ("b", "set", {"values": [{"name": "who.city", "value": "Oslo"}], "keep_input": True}),
    )

    execution = run(workflow)

    assert execution.output == {"who": {"name": "Ann", "city": "Oslo"}}
    assert execution.steps.get(node_key="a").output == {"who": {"name": "Ann"}}


@pytest.mark.django_db
def test_set_says_which_value_is_not_a_number():
    execution = run(make_published(("a", "set", {"values": [{"name": "n", "value": "many", "type": "number"}]})))

    assert execution.status == "failed"
    assert "“n”" in execution.error_message
    assert "'many'" in execution.error_message


@pytest.mark.django_db
def test_text_that_looks_like_an_expression_is_data_not_code():
    workflow = make_published(
        ("a", "set", set_values(x="{{ trigger.text }}")), ("b", "set", set_values(y="{{ input.x }}"))
    )

    assert run(workflow, {"text": "{{ 1 + 1 }}"}).output == {"y": "{{ 1 + 1 }}"}


def test_an_output_of_a_switch_is_named_in_plain_letters():
    rules = [{"port": "a b/ü", "left": "1", "op": "eq", "right": "1"}]

    _cleaned, errors = clean_config(node_types["switch"].Config, {"rules": rules})

    assert errors == {"rules": ["Row 1, Output: Use letters, digits, - and _ only."]}
