"""Steps that reach people, rows, services and listeners, for real: over loopback and in a real database."""

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from nocode.automation.errors import TransientFailure
from nocode.automation.nodes import node_types
from nocode.automation.services import integrations
from nocode.foundation.models import Email, Membership, Notification, OutboxEvent
from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Records
from tests.automation.stepping import compute, run, run_step
from tests.factories import make_integration, make_organization, make_project, make_published, make_table, make_user

pytestmark = pytest.mark.django_db
PAGE = [[1, 2], [3], []]


@pytest.fixture
def service(settings):
    """An HTTP service on loopback that counts in pages and keeps what it was sent in `calls`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            self.server.calls.append((self.path, dict(self.headers), b""))
            number = int(query.get("page", query.get("at", 1)))
            body = {"data": {"items": PAGE[number - 1]}, "next": number + 1 if number < 3 else None}
            headers = {"Content-Disposition": 'attachment; filename="../a b.json"'}
            if address.path == "/link":
                body = PAGE[number - 1]
                headers = {"Link": f'</link?at={number + 1}>; rel="next"'} if number < 3 else {}
            if address.path == "/elsewhere":
                headers = {"Link": '<https://example.com/steal>; rel="next"'}
                body = []
            self._answer(body, headers)

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.server.calls.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self._answer({"ok": True}, {})

        def _answer(self, body, headers):
            self.send_response(200)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.calls = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1"]
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "config"),
    [
        ("/pages", {"paging": "number", "items_at": "data.items"}),
        ("/pages", {"paging": "cursor", "items_at": "data.items", "next_at": "next", "page_name": "at"}),
        ("/link", {"paging": "link"}),
    ],
)
def test_http_takes_page_after_page_until_there_is_none(service, path, config):
    answer = compute("http.request", {"url": service.url + path, **config}, None).output

    assert answer == {"status": 200, "pages": 3, "items": [1, 2, 3]}


def test_http_pages_end_at_their_limit_and_never_leave_their_host(service):
    config = {"url": f"{service.url}/pages", "paging": "number", "items_at": "data.items", "most_pages": 1}
    assert compute("http.request", config, None).output["items"] == [1, 2]

    execution = run_step("http.request", {"url": f"{service.url}/elsewhere", "paging": "link"})

    assert "another host" in execution.error_message


def test_http_sends_forms_and_files_and_reads_files(service):
    file = {"name": "a.txt", "type": "text/plain", "base64": base64.b64encode(b"hello").decode()}
    parts = [{"name": "a", "value": "1 & 2"}, {"name": "f", "value": "{{ input }}"}]
    common = {"method": "POST", "url": service.url}

    compute("http.request", {**common, "body_type": "form", "parts": parts[:1]}, None)
    compute("http.request", {**common, "body_type": "multipart", "parts": parts}, file)
    compute("http.request", {**common, "body_type": "json", "body": "[1]"}, None)
    compute("http.request", {**common, "body_type": "file", "body": "{{ input }}"}, file)
    answer = compute("http.request", {"url": service.url, "answer": "file"}, None).output

    [form, multipart, text, upload] = [(headers["content-type"], body) for _path, headers, body in service.calls[:4]]
    assert form == ("application/x-www-form-urlencoded", b"a=1+%26+2")
    assert multipart[0].startswith("multipart/form-data; boundary=")
    assert b'name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello' in multipart[1]
    assert text == ("application/json", b"[1]")
    assert upload == ("text/plain", b"hello")
    assert answer["body"]["name"] == "_a b.json"
    assert json.loads(base64.b64decode(answer["body"]["base64"]))["next"] == 2


def test_files_of_rows_come_back_as_rows():
    rows = [{"name": "Ana", "n": 12345678901234567}, {"name": "=1+1", "n": None}]

    for format, expected in [("xlsx", rows[1]), ("csv", {"name": "'=1+1", "n": None})]:
        made = compute("file.create", {"format": format, "name": "../x"}, rows).output
        found = compute("file.extract", {}, made).output
        assert made["name"] == f"_x.{format}"
        assert found[0]["name"] == "Ana"
        assert int(found[0]["n"]) == 12345678901234567
        assert found[1] == expected


@pytest.fixture
def team():
    """An organization with an owner, a viewer and one who left."""
    organization = make_organization()
    people = {}
    for role, email in [("owner", "o@example.com"), ("viewer", "v@example.com"), ("editor", "gone@example.com")]:
        people[role] = make_user(email)
        Membership.objects.update_or_create(organization=organization, user=people[role], defaults={"role": role})
    people["editor"].is_active = False
    people["editor"].save()
    return organization


def test_people_of_the_organization_are_told_once_and_strangers_never(team):
    make_user("stranger@example.com")
    workflow = make_published(("tell", "notify", {"title": "Hello", "role": "", "by_email": True}), organization=team)

    execution = run(workflow)

    assert execution.output == {"told": ["o@example.com", "v@example.com"]}
    assert set(Notification.objects.values_list("user__email", "title")) == {
        ("o@example.com", "Hello"),
        ("v@example.com", "Hello"),
    }
    assert set(Email.objects.values_list("to", flat=True)) == {"o@example.com", "v@example.com"}
    for address in ("stranger@example.com", "gone@example.com"):
        refused = run_step("notify", {"title": "x", "to": address}, organization=team)
        assert f"“{address}” is not an active member" in refused.error_message


def test_an_event_of_ones_own_is_told_in_the_organization(team):
    execution = run_step("event.publish", {"name": "order.paid", "about": "7"}, {"sum": 5}, organization=team)

    event = OutboxEvent.objects.get(name="custom.order.paid")
    assert (event.payload, event.organization_id) == ({"sum": 5, "cause": str(execution.pk)}, team.pk)
    assert execution.output == {"name": "custom.order.paid", "payload": event.payload}


def test_saving_a_record_updates_the_one_that_is_meant_and_adds_it_otherwise():
    project = make_project()
    table = make_table(project, "People", (NewField("Email", "text"), NewField("City", "text")))
    place = {"organization": project.organization, "project": project}
    values = [{"field": "email", "value": "{{ input.email }}"}, {"field": "city", "value": "{{ input.city }}"}]
    config = {"table": "people", "match": "email", "values": values}

    first = run_step("record.upsert", config, {"email": "a@x", "city": "Rome"}, **place)
    second = run_step("record.upsert", config, {"email": "a@x", "city": "Oslo"}, **place)
    empty = run_step("record.upsert", config, {"email": ""}, **place)
    Records(table).create({"email": "a@x"})
    several = run_step("record.upsert", config, {"email": "a@x"}, **place)

    assert (first.output["_created"], second.output["_created"]) == (True, False)
    assert second.output["id"] == first.output["id"]
    assert Records(table).get(first.output["id"])["city"] == "Oslo"
    assert "is empty here" in empty.error_message
    assert "several rows" in several.error_message


def test_deleting_a_record_may_find_it_gone():
    table = make_table()
    place = {"organization": table.project.organization, "project": table.project}
    row = Records(table).create({"name": "a"})
    config = {"table": table.physical_name, "record_id": row["id"], "may_be_gone": True}

    assert run_step("record.delete", config, **place).output["name"] == "a"
    assert run_step("record.delete", config, **place).output is None
    assert run_step("record.delete", config | {"may_be_gone": False}, **place).status == "failed"


def test_a_query_of_a_step_reads_its_project_and_takes_no_expressions():
    table = make_table(label="Orders")
    Records(table).create({"name": "Bo"})
    place = {"organization": table.project.organization, "project": table.project}
    values = [{"value": "{{ input.name }}", "type": ""}]

    config = {"query": "SELECT name FROM orders WHERE name = $1", "values": values}

    assert run_step("sql", config, {"name": "Bo"}, **place).output == [{"name": "Bo"}]
    assert run_step("sql", config | {"first": True}, {"name": "' OR true --"}, **place).output is None
    check = node_types["sql"].check
    workflow = make_published(("a", "noop", {}), **place)
    assert "Expressions cannot" in check({"query": "SELECT {{ input }}"}, workflow)["query"][0]
    assert "not a table" in check({"query": "SELECT * FROM public.foundation_user"}, workflow)["query"][0]


def test_a_chat_gets_the_text_and_its_address_is_told_nowhere(service):
    chat = make_integration(kind="slack", values={"address": f"{service.url}/services/T0/very-secret-part"})
    config = {"integration": str(chat.pk), "text": "Order *{{ input.id }}*"}

    told = run_step("slack", config, {"id": 7}, organization=chat.organization)
    tested = integrations.test(chat)
    service.shutdown()
    service.server_close()
    with pytest.raises(TransientFailure) as refusal:
        integrations.test(chat)
    failed = run_step("slack", config, {"id": 8}, organization=chat.organization)

    assert told.output == {"sent": True}
    [(path, _headers, body), (tested_path, _headers, _line)] = service.calls
    assert (path, json.loads(body)) == ("/services/T0/very-secret-part", {"text": "Order *7*"})
    assert tested_path == path
    assert tested.startswith("One line was written to the channel.")
    assert "very-secret-part" not in refusal.value.message
    assert failed.status == "waiting"  # it will be tried again
    for execution in (told, failed):
        kept = json.dumps([*execution.steps.values("error", "settings", "output")], default=str)
        assert "very-secret-part" not in kept + execution.error_message


def test_the_key_of_a_signature_is_not_kept_with_the_execution():
    execution = run_step("crypto.hmac", {"key": "canary-key-12345", "data": "x"})

    assert execution.status == "completed"
    assert "canary-key-12345" not in json.dumps(execution.steps.get().settings)
