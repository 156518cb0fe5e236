"""Webhook calls from outside: what is accepted, what is refused and with which words, what is stored."""

import hashlib
import hmac
import json
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.db import connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django_q.signing import SignedPackage

from nocode.automation.errors import NoSuchId
from nocode.automation.models import WebhookDelivery, Workflow, WorkflowExecution
from nocode.automation.services import triggers, workflows
from nocode.automation.tasks import process_webhook_trigger
from nocode.foundation.models import QueuedTask
from tests.factories import make_published, make_trigger, make_user, make_workflow, set_values
from tests.recorded import recorded

pytestmark = pytest.mark.django_db

ECHO = (
    "echo",
    "set",
    set_values(method="{{ trigger.method }}", body="{{ trigger.body }}", query="{{ trigger.query }}"),
)
RECORDED = recorded("webhooks")
CALLER = Client(enforce_csrf_checks=True)


@pytest.fixture
def make_hook():
    """A webhook of a published workflow that gives back what it was sent."""

    def make(*steps, secret="", workflow=None, **config):
        workflow = workflow or make_published(*(steps or [ECHO]))
        return triggers.create(workflow, "webhook", "Hook", config=config, secret=secret)

    return make


def call(hook, body=b'{"a": 1}', content_type="application/json", method="POST", query="", **headers):
    """Call the hook as another system would; a dict is sent as JSON."""
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    path = f"/hooks/{getattr(hook, 'token', hook)}/{query}"
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return CALLER.generic(method, path, data, content_type=content_type, headers=names)


def run(response):
    """The finished execution that an answer speaks of, after the queue has had its turn."""
    delivery = WebhookDelivery.objects.get(execution_id=response.json()["execution_id"])
    process_webhook_trigger(delivery.pk)
    return WorkflowExecution.objects.get(pk=delivery.execution_id)


# --- Accepted ---------------------------------------------------------------------------------------------------------
def test_an_accepted_call_is_stored_and_queued_before_the_answer(make_hook):
    hook = make_hook()

    response = call(hook, {"total": 12.5}, query="?from=shop&tag=a&tag=b", X_Note="café")

    assert response.status_code == HTTPStatus.ACCEPTED
    delivery = WebhookDelivery.objects.get()
    assert response.json() == {"execution_id": str(delivery.execution_id)}
    assert (delivery.trigger, delivery.method, bytes(delivery.body)) == (hook, "POST", b'{"total": 12.5}')
    assert delivery.query == {"from": "shop", "tag": ["a", "b"]}
    assert QueuedTask.objects.get().name == "nocode.automation.tasks.process_webhook_trigger"
    execution = run(response)
    assert execution.status == "completed"
    assert execution.output == {"method": "POST", "body": {"total": 12.5}, "query": {"from": "shop", "tag": ["a", "b"]}}
    assert execution.trigger == hook
    assert execution.input["received_at"] == delivery.received_at.isoformat().replace("+00:00", "Z")[:23] + "Z"


@pytest.mark.parametrize("config", [{}, {"rate_limit": 100}, {"security": "header"}])
def test_an_accepted_call_costs_two_round_trips(make_hook, config):
    hook = make_hook(secret="s3cret", **config)
    call(hook, X_Webhook_Secret="s3cret")

    with CaptureQueriesContext(connection) as queries:
        assert call(hook, X_Webhook_Secret="s3cret").status_code == HTTPStatus.ACCEPTED

    statements = [query["sql"].partition("(")[0].strip() for query in queries]
    assert statements == ["EXECUTE webhook_find", "EXECUTE delivery_store"]


def test_a_call_for_which_the_database_has_no_time_is_to_be_sent_again(make_hook):
    hook = make_hook()

    def wait(execute, statement, params, many, context):
        return execute("SELECT pg_sleep(30)", None, many, context)

    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL statement_timeout = '100ms'")
        with connection.execute_wrapper(wait):
            response = call(hook)
        transaction.set_rollback(True)

    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert int(response["Retry-After"]) > 0
    assert response.json() == {"error": "The database took too long; send this call again later."}
    assert not WebhookDelivery.objects.exists()
    assert call(hook).status_code == HTTPStatus.ACCEPTED


def test_the_task_knows_the_number_of_its_delivery(make_hook):
    hook = make_hook()
    call(hook, b"{")

    call(hook)

    task = SignedPackage.loads(QueuedTask.objects.get().payload)
    assert task["args"] == (WebhookDelivery.objects.get().pk,)


def test_the_task_of_a_delivery_may_run_twice(make_hook):
    response = call(make_hook())

    first, second = run(response), run(response)

    assert first.steps.count() == second.steps.count() == 1
    assert WorkflowExecution.objects.count() == 1


def test_no_session_no_cookie_and_no_csrf(make_hook):
    hook = make_hook()

    with CaptureQueriesContext(connection) as queries:
        response = call(hook, Cookie="sessionid=" + "x" * 32)

    assert response.status_code == HTTPStatus.ACCEPTED
    assert not response.cookies
    assert not [query for query in queries if "django_session" in query["sql"]]
    assert "cookie" not in response.get("Vary", "").lower()
    assert WebhookDelivery.objects.get().headers["cookie"] == "[hidden]"


def test_what_holds_for_pages_and_concerns_programs_holds_here(make_hook):
    answer = call(make_hook(), X_Request_Id="from-the-proxy")

    assert answer["X-Request-Id"] == "from-the-proxy"
    assert (answer["X-Content-Type-Options"], answer["X-Frame-Options"]) == ("nosniff", "DENY")
    assert answer["Content-Length"] == str(len(answer.content))


@override_settings(ALLOWED_HOSTS=["nocode.example"])
def test_a_host_that_is_not_ours_is_refused(make_hook):
    hook = make_hook()

    assert call(hook, Host="nocode.example").status_code == HTTPStatus.ACCEPTED
    assert call(hook, Host="elsewhere.example").status_code == HTTPStatus.BAD_REQUEST


def test_refusals_speak_the_language_of_the_caller_and_forget_it():
    first, second = call("nobody", Accept_Language="fr"), call("nobody")

    assert "Il n’y a pas de webhook" in first.json()["error"]
    assert "There is no webhook" in second.json()["error"]
    assert (first["Content-Language"], second["Content-Language"]) == ("fr", "en")


def test_the_slash_at_the_end_may_be_missing(make_hook):
    hook = make_hook()

    response = CALLER.post(f"/hooks/{hook.token}", b"{}", content_type="application/json")

    assert response.status_code == HTTPStatus.ACCEPTED


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        ("application/json", b'{"a": [1, null, "\\u00e9"]}', {"a": [1, None, "é"]}),
        ("application/json; charset=utf-8", b"\xef\xbb\xbf[1]", [1]),
        ("application/json; charset=latin-1", b'"\xe9"', "é"),
        ("application/vnd.github+json", b"3", 3),
        ("application/x-www-form-urlencoded", b"a=1&b=x+y&b=%C3%A9&c=", {"a": "1", "b": ["x y", "é"], "c": ""}),
        ("text/plain", "héllo".encode(), "héllo"),
        ("text/xml", b"<a/>", "<a/>"),
        ("application/xml", b"<a/>", "<a/>"),
        ("application/json", b"", None),
        ("", b"", None),
        ("application/json", b'{"nul": "a\\u0000b", "half": "\\ud83d"}', {"nul": "a\ufffdb", "half": "\ufffd"}),
        ("application/x-www-form-urlencoded", b"a=%00", {"a": "\ufffd"}),
    ],
)
def test_bodies_are_understood(make_hook, content_type, body, value):
    execution = run(call(make_hook(), body, content_type))

    assert execution.status == "completed", execution.error_message
    assert execution.input["body"] == value


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_other_methods_when_allowed(make_hook, method):
    hook = make_hook(methods=["POST", method])

    execution = run(call(hook, b"" if method == "GET" else b"{}", method=method, query="?a=1"))

    assert (execution.output["method"], execution.output["query"]) == (method, {"a": "1"})


# --- Refused ----------------------------------------------------------------------------------------------------------
def refused(response, status, *words):
    """The JSON error of a refusal, which says the given words; nothing was stored."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    for word in words:
        assert word in response.json()["error"]
    assert not WebhookDelivery.objects.exists()
    assert not QueuedTask.objects.exists()
    return response.json()


@pytest.mark.parametrize("token", ["nobody-has-this-token", "x" * 300, "%00", "é", "a b", "%ff"])
def test_unknown_addresses_cost_and_say_the_same(make_hook, token):
    make_hook()
    manual = make_trigger(make_workflow())
    call("nobody")  # the connection now knows the statement

    with CaptureQueriesContext(connection) as wrong:
        response = call(token)
    with CaptureQueriesContext(connection) as other_kind:
        same = call(manual)

    refused(response, HTTPStatus.NOT_FOUND, "no webhook at this address")
    assert response.content == same.content
    assert len(wrong) == len(other_kind) == 1


def test_a_trigger_that_is_switched_off_says_so(make_hook):
    hook = make_hook()
    hook.is_active = False
    hook.save()

    refused(call(hook), HTTPStatus.CONFLICT, "switched off", "Switch it on")


def test_an_unpublished_workflow_says_so():
    hook = triggers.create(make_workflow(), "webhook", "Hook")

    refused(call(hook), HTTPStatus.CONFLICT, "never been published", "Publish it")


@pytest.mark.parametrize(("change", "status"), [(workflows.pause, "paused"), (workflows.archive, "archived")])
def test_a_workflow_that_is_not_active_says_so(make_hook, change, status):
    hook = make_hook()
    change(hook.workflow)

    assert refused(call(hook), HTTPStatus.CONFLICT, status)["workflow_status"] == status


def test_settings_that_became_invalid_say_so(make_hook):
    hook = make_hook()
    hook.config = {"security": "rot13"}
    hook.save()

    refused(call(hook), HTTPStatus.CONFLICT, "Security")


def test_a_webhook_without_its_secret_says_so(make_hook):
    refused(call(make_hook(security="github")), HTTPStatus.CONFLICT, "no secret")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(make_hook, method):
    response = call(make_hook(), b"", method=method)

    assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert response["Allow"] == "POST"


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=x", "image/png", "application/pdf", "nonsense"]
)
def test_other_types_are_refused(make_hook, content_type):
    answer = refused(call(make_hook(), b"x", content_type), HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "application/json")

    assert "application/json" in answer["accepted"]


def test_a_body_without_a_type_is_refused(make_hook):
    refused(call(make_hook(), b"x", ""), HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Type is missing")


def test_malformed_json_is_shown_where_it_breaks(make_hook):
    answer = refused(call(make_hook(), b'{"a": 1,\n "b": }'), HTTPStatus.BAD_REQUEST, "line 2, column 7", '"b": }')

    assert (answer["line"], answer["column"], answer["position"]) == (2, 7, 15)


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        ("application/json", b"\xff\xfe", "not valid utf-8 at byte 0"),
        ("application/json", b"NaN", "NaN"),
        ("application/json", b"[1e999]", "1e999"),
        ("application/json", b"9" * 5000, "number"),
        ("application/json", b"[" * 101 + b"]" * 101, "100 levels"),
        ("application/json", b"[" * 100_000, "100 levels"),
        ("application/x-www-form-urlencoded", b"a=1&" * 1001, "1000 fields"),
    ],
)
def test_bodies_that_could_not_be_kept_are_refused(make_hook, content_type, body, words):
    refused(call(make_hook(), body, content_type), HTTPStatus.BAD_REQUEST, words)


def test_an_unknown_character_set_is_refused(make_hook):
    response = call(make_hook(), b"x", "text/plain; charset=klingon")

    refused(response, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "klingon", "UTF-8")


def test_a_large_body_is_refused_at_the_byte(make_hook):
    hook = make_hook(max_body_bytes=100)

    assert (
        refused(call(hook, b"x" * 101, "text/plain"), HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "100 bytes")["limit"] == 100
    )
    assert call(hook, b"x" * 100, "text/plain").status_code == HTTPStatus.ACCEPTED


@override_settings(WEBHOOK_MAX_BODY_BYTES=50, DATA_UPLOAD_MAX_MEMORY_SIZE=10)
def test_the_limit_of_the_installation_holds_and_that_of_forms_does_not(make_hook):
    hook = make_hook()

    refused(call(hook, b"x" * 51, "text/plain"), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    assert call(hook, b"x" * 50, "text/plain").status_code == HTTPStatus.ACCEPTED


# --- Who may call -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("listed", "address", "status"),
    [
        ("192.0.2.0/24", "192.0.2.77", 202),
        ("192.0.2.0/24", "192.0.3.1", 403),
        ("2001:db8::/32, 192.0.2.1", "2001:db8::5", 202),
        ("192.0.2.1", "::ffff:192.0.2.1", 202),
        ("192.0.2.1", "", 403),
    ],
)
def test_the_address_list(make_hook, listed, address, status):
    hook = make_hook(allowed_ips=listed)

    response = CALLER.post(f"/hooks/{hook.token}/", b"{}", content_type="application/json", REMOTE_ADDR=address)

    assert response.status_code == status


@pytest.mark.parametrize(
    ("proxies", "forwarded", "status"),
    [
        (0, "192.0.2.1", 403),  # nobody asked for the header: the connection counts
        (1, "192.0.2.1", 202),
        (1, "192.0.2.1, 198.51.100.9", 403),  # what is left of our own proxy's entry is only claimed
        (2, "192.0.2.1, 198.51.100.9", 202),
        (2, "9.9.9.9, 192.0.2.1, 198.51.100.9", 202),
        (1, "", 403),
    ],
)
def test_forwarded_addresses_are_believed_as_far_as_our_proxies_reach(make_hook, proxies, forwarded, status):
    hook = make_hook(allowed_ips="192.0.2.1")

    with override_settings(TRUSTED_PROXIES=proxies):
        response = call(hook, **({"X_Forwarded_For": forwarded} if forwarded else {}))

    assert response.status_code == status


@pytest.mark.parametrize(
    ("config", "headers"),
    [
        ({"security": "header", "header_name": "X-Key"}, {"X_Key": "s3cret"}),
        ({"security": "basic", "username": "ana"}, {"Authorization": "Basic YW5hOnMzY3JldA=="}),
    ],
)
def test_secrets_that_arrive_in_headers_are_checked_and_forgotten(make_hook, config, headers):
    hook = make_hook(secret="s3cret", **config)

    accepted, wrong, missing = call(hook, **headers), call(hook, **dict.fromkeys(headers, "Basic eA==")), call(hook)

    assert [each.status_code for each in (accepted, wrong, missing)] == [202, 401, 401]
    assert "s3cret" not in wrong.content.decode() + missing.content.decode()
    assert "s3cret" not in json.dumps(run(accepted).input)
    assert "s3cret" not in hook.secret
    if config["security"] == "basic":
        assert missing["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("delivery", RECORDED, ids=lambda delivery: delivery["id"])
def test_recorded_deliveries_run_once(make_hook, delivery, monkeypatch):
    hook = make_hook(security=delivery["scheme"], secret=delivery["secret"])
    headers = {name: value for name, value in delivery["headers"].items() if name != "content-type"}
    content_type = delivery["headers"]["content-type"]
    monkeypatch.setattr("nocode.automation.views.webhooks.time.time", lambda: delivery["signed_at"] or 0)

    first = call(hook, delivery["body"].encode(), content_type, **headers)
    again = call(hook, delivery["body"].encode(), content_type, **headers)
    changed = call(hook, delivery["body"].encode() + b" ", content_type, **headers)

    assert [first.status_code, changed.status_code] == [202, 401]
    execution = run(first)
    if content_type.startswith("application/json"):
        assert execution.input["body"] == json.loads(delivery["body"])
    else:
        assert execution.input["body"]["text"] == "42 café & thé"
    if delivery["scheme"] != "slack":  # a slash command carries no number
        assert again.json() == {**first.json(), "duplicate": True}
        assert WorkflowExecution.objects.count() == 1


def test_slack_is_told_that_we_are_there(make_hook, monkeypatch):
    hook = make_hook(security="slack", secret="key")
    body = b'{"type": "url_verification", "challenge": "abc"}'
    monkeypatch.setattr("nocode.automation.views.webhooks.time.time", lambda: 1000)
    signature = hmac.new(b"key", b"v0:1000:" + body, hashlib.sha256).hexdigest()

    response = call(hook, body, X_Slack_Request_Timestamp="1000", X_Slack_Signature=f"v0={signature}")

    assert (response.status_code, response.json()) == (200, {"challenge": "abc"})
    assert not WebhookDelivery.objects.exists()


# --- Once -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("config", "header"),
    [
        ({}, "Idempotency-Key"),
        ({}, "X-GitHub-Delivery"),
        ({}, "webhook-id"),
        ({"dedup_header": "X-My-Number"}, "X-My-Number"),
    ],
)
def test_a_delivery_that_comes_again_starts_nothing(make_hook, config, header):
    hook, other = make_hook(**config), make_hook(**config)

    first, again = call(hook, **{header: "n1"}), call(hook, {"other": "body"}, **{header: "n1"})
    new, elsewhere = call(hook, **{header: "n2"}), call(other, **{header: "n1"})

    assert again.json() == {**first.json(), "duplicate": True}
    assert len({each.json()["execution_id"] for each in (first, new, elsewhere)}) == 3
    assert WebhookDelivery.objects.count() == QueuedTask.objects.count() == 3


def test_with_a_header_of_its_own_the_others_do_not_count(make_hook):
    hook = make_hook(dedup_header="X-My-Number")

    first, second = call(hook, Idempotency_Key="same"), call(hook, Idempotency_Key="same")

    assert first.json() != second.json()


def test_a_long_number_is_kept_by_its_digest(make_hook):
    hook = make_hook()

    first, again = call(hook, Idempotency_Key="x" * 500), call(hook, Idempotency_Key="x" * 500)
    other = call(hook, Idempotency_Key="x" * 499 + "y")

    assert again.json()["execution_id"] == first.json()["execution_id"] != other.json()["execution_id"]


# --- Rate -------------------------------------------------------------------------------------------------------------
def test_the_rate_limit_tells_when_to_come_back(make_hook):
    hook = make_hook(rate_limit=3)

    answers = [call(hook) for _ in range(4)]

    assert [each.status_code for each in answers] == [202, 202, 202, 429]
    refusal = answers[-1]
    assert 0 < int(refusal["Retry-After"]) <= 20
    assert refusal.json()["retry_after"] == int(refusal["Retry-After"])
    assert WebhookDelivery.objects.count() == 3


def test_the_rate_limit_refills_with_time(make_hook):
    hook = make_hook(rate_limit=3)
    for _ in range(3):
        call(hook)
    hook.refresh_from_db()

    type(hook).objects.filter(pk=hook.pk).update(calls_paid_until=hook.calls_paid_until - timedelta(seconds=21))

    assert [call(hook).status_code for _ in range(2)] == [202, 429]


def test_an_unsigned_call_does_not_use_up_the_rate(make_hook):
    hook = make_hook(rate_limit=1, security="header", secret="s3cret")
    for _ in range(3):
        assert call(hook, X_Webhook_Secret="wrong").status_code == 401

    assert call(hook, X_Webhook_Secret="s3cret").status_code == 202


# --- After the answer -------------------------------------------------------------------------------------------------
def test_a_workflow_paused_in_between_leaves_word_on_the_delivery(make_hook):
    hook = make_hook()
    response = call(hook)
    workflows.pause(hook.workflow)

    process_webhook_trigger(WebhookDelivery.objects.get().pk)

    assert not WorkflowExecution.objects.exists()
    assert "paused" in WebhookDelivery.objects.get(execution_id=response.json()["execution_id"]).error


def test_a_delivery_that_is_gone_is_told_among_the_failed_tasks():
    with pytest.raises(NoSuchId, match="There is no webhook delivery 12345"):
        process_webhook_trigger(12345)


def test_deliveries_are_seen_by_the_organization_alone(make_hook):
    hook = make_hook()
    call(hook)
    organization = Workflow.objects.get(pk=hook.workflow_id).organization
    owner, teammate = make_user(organization=organization), make_user(organization=organization, role="viewer")
    stranger = make_user()

    seen = [WebhookDelivery.objects.visible_to(person).count() for person in (owner, teammate, stranger)]

    assert seen == [1, 1, 0]
