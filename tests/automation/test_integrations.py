"""Integrations: what HTTP steps send with them, what is refused, what is told and deleted."""

import base64
from urllib.parse import parse_qsl, urlsplit

import pytest

from nocode.automation.errors import IntegrationInUse, InvalidIntegration, InvalidWorkflow, PermanentFailure
from nocode.automation.integrations import integration_types
from nocode.automation.integrations.chosen import load
from nocode.automation.models import Integration
from nocode.automation.outgoing.http import host_of
from nocode.automation.services import integrations, workflows
from nocode.foundation.models import OutboxEvent
from tests.automation.echoing import TOKEN, calling, run, sent_with, serving
from tests.factories import make_chain, make_integration, make_organization, make_published, make_workflow

pytestmark = pytest.mark.django_db

PASSWORD = "pass: wörd"


@pytest.fixture
def server(settings):
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1", "localhost"]
    with serving() as server:
        yield server


@pytest.fixture
def organization():
    return make_organization("Acme")


# --- What is sent ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "values", "header", "value"),
    [
        (
            "http.basic",
            {"username": "anna", "password": PASSWORD},
            "authorization",
            "Basic " + base64.b64encode(f"anna:{PASSWORD}".encode()).decode(),
        ),
        ("http.bearer", {"token": TOKEN}, "authorization", f"Bearer {TOKEN}"),
        ("http.api_key", {"header": "X-Shop-Key", "value": TOKEN}, "x-shop-key", TOKEN),
    ],
)
def test_a_step_sends_the_credentials(organization, server, kind, values, header, value):
    execution = sent_with(make_integration(organization, kind, values=values), server)

    assert execution.status == "completed", execution.error_message
    assert server.calls[0][header] == value


def test_a_key_that_is_wanted_in_the_address_wins_over_the_steps_own(organization, server):
    key = make_integration(organization, "http.query_key", values={"parameter": "api_key", "value": TOKEN})
    own = [{"name": "api_key", "value": "mine"}, {"name": "page", "value": 2}]
    config = calling(f"{server.url}/?api_key=theirs", key, query=own)

    execution = run(make_published(config, organization=organization))

    assert execution.status == "completed", execution.error_message
    assert [sorted(parse_qsl(urlsplit(path).query)) for path in server.paths] == [[("api_key", TOKEN), ("page", "2")]]


def test_the_integration_wins_over_a_header_of_the_step(organization, server):
    own = [{"name": "AUTHORIZATION", "value": "Bearer mine"}, {"name": "X-Plain", "value": "kept"}]

    sent_with(make_integration(organization, values={"token": TOKEN}), server, headers=own)

    assert (server.calls[0]["authorization"], server.calls[0]["x-plain"]) == (f"Bearer {TOKEN}", "kept")


@pytest.mark.parametrize(("kind", "header"), [("http.bearer", "authorization"), ("http.api_key", "x-shop-key")])
def test_credentials_stay_behind_when_a_redirect_leaves_the_origin(organization, server, kind, header):
    values = {"token": TOKEN} if kind == "http.bearer" else {"header": "X-Shop-Key", "value": TOKEN}
    with serving() as elsewhere:
        execution = sent_with(
            make_integration(organization, kind, values=values), server, f"/to/{elsewhere.server_port}/"
        )

    assert execution.status == "completed"
    assert header in server.calls[0]
    assert header not in elsewhere.calls[0]


def test_credentials_follow_a_redirect_within_the_origin(organization, server):
    sent_with(make_integration(organization, values={"token": TOKEN}), server, f"/to/{server.server_port}/")

    assert [call["authorization"] for call in server.calls] == [f"Bearer {TOKEN}"] * 2


@pytest.mark.parametrize(
    ("hosts", "sent"), [("", True), ("127.0.0.1", True), ("api.example.com\n127.0.0.1", True), ("example.com", False)]
)
def test_credentials_go_only_to_the_hosts_they_are_for(organization, server, hosts, sent):
    integration = make_integration(organization, values={"token": TOKEN, "hosts": hosts}, name="Shop")

    execution = sent_with(integration, server)

    assert (execution.status == "completed", bool(server.calls)) == (sent, sent)
    assert sent or "“Shop” is not for the host “127.0.0.1”" in execution.error_message


@pytest.mark.parametrize(
    ("pattern", "url", "fits"),
    [
        ("*.example.com", "https://api.example.com/x", True),
        ("*.example.com", "https://API.Example.com:8443/x", True),
        ("*.example.com", "https://example.com/", False),
        ("example.com", "https://example.com@evil.example/", False),
        ("example.com", "https://evil.example/example.com", False),
        ("example.com", "https://example.com.evil.example/", False),
    ],
)
def test_which_host_an_address_means(organization, pattern, url, fits):
    integration = make_integration(organization, values={"token": TOKEN, "hosts": pattern})
    credentials = load(integration.pk, organization.pk, "http")

    if fits:
        assert credentials.headers_for(host_of(url)) == {"Authorization": f"Bearer {TOKEN}"}
    else:
        with pytest.raises(PermanentFailure):
            credentials.headers_for(host_of(url))


# --- What is checked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [each.kind for each in integration_types])
def test_every_type_has_words_an_icon_and_a_secret(kind):
    each = integration_types[kind]

    assert [bool(each.label), bool(each.summary), bool(each.icon), bool(each.secret_names)] == [True] * 4


@pytest.mark.parametrize(
    ("kind", "values", "wrong"),
    [
        ("http.bearer", {"token": "two\nlines"}, "token"),
        ("http.bearer", {"token": "schön"}, "token"),
        ("http.bearer", {}, "token"),
        ("http.bearer", {"token": TOKEN, "colour": "red"}, "colour"),
        ("http.basic", {"username": "a:b", "password": "x"}, "username"),
        ("http.api_key", {"header": "Host", "value": TOKEN}, "header"),
        ("http.api_key", {"header": "User-Agent", "value": TOKEN}, "header"),
        ("http.api_key", {"header": "X Key", "value": TOKEN}, "header"),
        ("http.bearer", {"token": TOKEN, "hosts": "https://example.com/"}, "hosts"),
        ("http.bearer", {"token": TOKEN, "hosts": "127.*"}, "hosts"),
        ("http.query_key", {"parameter": "a&b", "value": TOKEN}, "parameter"),
        ("http.query_key", {"parameter": "key", "value": "two words"}, "value"),
        ("oauth2", {"token_url": "https://example.com/t", "client_id": "x", "style": "header"}, "client_secret"),
        ("slack", {"address": "hooks.example.com/services/T0"}, "address"),
    ],
)
def test_what_cannot_serve_is_refused(organization, kind, values, wrong):
    with pytest.raises(InvalidIntegration) as refusal:
        make_integration(organization, kind, values=values)

    assert list(refusal.value.details["errors"]) == [wrong]
    assert not Integration.objects.exists()


def test_an_empty_secret_keeps_the_one_that_is_there(organization):
    integration = make_integration(organization, values={"token": TOKEN})

    integrations.save(integration, {"token": "", "hosts": "example.com"})

    integration.refresh_from_db()
    assert (integration.read_secrets(), integration.settings["hosts"]) == ({"token": TOKEN}, "example.com")


def test_publishing_names_a_missing_a_switched_off_and_a_foreign_integration(organization):
    missing = make_integration(organization, name="Old shop")
    off = make_integration(organization, name="Sleeping shop", is_active=False)
    foreign = make_integration(name="Other people's shop")
    workflow = make_workflow(organization=organization)
    for number, each in enumerate([missing, off, foreign]):
        make_chain(workflow, (f"call_{number}", *calling("https://example.com/", each)[1:]))
    Integration.objects.filter(pk=missing.pk).delete()

    with pytest.raises(InvalidWorkflow) as refusal:
        workflows.publish(workflow)

    said = {problem.node: (str(problem.field), problem.message) for problem in refusal.value.details["problems"]}
    assert said == {
        "call_0": ("Integration", "The integration “Old shop” does not exist; choose another one."),
        "call_1": ("Integration", "The integration “Sleeping shop” is switched off."),
        "call_2": ("Integration", f"The integration “{foreign.pk}” does not exist; choose another one."),
    }


def test_an_expression_cannot_choose_the_integration(organization):
    workflow = make_workflow(organization=organization)
    make_chain(workflow, ("call", "http.request", {"url": "https://example.com/", "integration": "{{ trigger.id }}"}))

    with pytest.raises(InvalidWorkflow):
        workflows.publish(workflow)


def test_thirty_steps_are_checked_with_as_many_queries_as_one(organization, django_assert_max_num_queries):
    integration = make_integration(organization)
    one, many = (make_workflow(organization=organization) for _ in range(2))
    make_chain(one, calling("https://example.com/", integration))
    make_chain(many, *((f"s{n}", *calling("https://example.com/", integration)[1:]) for n in range(30)))
    with django_assert_max_num_queries(30) as few:
        assert workflows.validate(type(one).objects.get(pk=one.pk)) == []

    with django_assert_max_num_queries(len(few)):
        assert workflows.validate(type(many).objects.get(pk=many.pk)) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rows: rows.update(is_active=False), "The integration “Shop” is switched off."),
        (lambda rows: rows.delete(), "The integration “Shop” does not exist any more."),
        (lambda rows: rows.update(organization=make_organization()), "The integration “Shop” does not exist any more."),
    ],
)
def test_a_run_fails_at_once_and_names_what_it_may_not_use(organization, server, change, why):
    integration = make_integration(organization, name="Shop")
    workflow = make_published(calling(server.url, integration), organization=organization)
    change(Integration.objects.filter(pk=integration.pk))

    execution = run(workflow)

    assert (execution.status, execution.error_message, server.calls) == ("failed", why, [])
    assert execution.steps.count() == 1


def test_another_organizations_integration_is_never_loaded(organization, server):
    workflow = make_published(calling(server.url, make_integration(organization)), organization=organization)
    foreign = make_integration(name="Theirs", values={"token": TOKEN})
    version = workflow.published_version
    version.graph["nodes"][0]["config"]["integration"] = str(foreign.pk)
    version.save()

    execution = run(workflow)

    assert (execution.status, server.calls) == ("failed", [])
    assert "Theirs" not in execution.error_message


def test_a_lost_key_is_told_with_the_name_of_the_integration(organization, server, settings):
    integration = make_integration(organization, name="Shop")
    workflow = make_published(calling(server.url, integration), organization=organization)
    settings.NOCODE_ENCRYPTION_KEYS = ["a key which came after the other one was thrown away"]

    execution = run(workflow)

    assert (execution.status, server.calls) == ("failed", [])
    assert execution.error_message.startswith("Integration “Shop”: This secret was encrypted with a key")
    integrations.save(integration, {"token": TOKEN})  # typed again, it works again
    assert run(workflow).status == "completed"


# --- What is told, what is deleted ----------------------------------------------------------------------------------


def test_a_new_integration_is_told_once(organization):
    integration = make_integration(organization, name="Shop")
    integrations.save(integration, {"token": "", "hosts": ""})
    integration.save()

    [event] = OutboxEvent.objects.filter(name__startswith="automation.integration.")
    assert (event.name, event.organization_id) == ("automation.integration.created", organization.pk)
    assert event.payload == {
        "integration_id": str(integration.pk),
        "name": "Shop",
        "type": "http.bearer",
        "organization_id": str(organization.pk),
    }


@pytest.mark.parametrize("where", ["draft", "published"])
def test_what_a_workflow_uses_is_not_deleted(organization, where):
    integration = make_integration(organization)
    workflow = make_published(calling("https://example.com/", integration), organization=organization, name="Orders")
    if where == "published":
        workflow.nodes.all().delete()
    else:
        type(workflow).objects.update(published_version=None)

    with pytest.raises(IntegrationInUse, match="“Orders”"):
        integrations.delete(integration)

    assert Integration.objects.exists()


def test_what_nothing_uses_is_deleted(organization):
    integration = make_integration(organization)
    make_published(calling("https://example.com/", make_integration(organization)), organization=organization)

    integrations.delete(integration)

    assert not Integration.objects.filter(pk=integration.pk).exists()
