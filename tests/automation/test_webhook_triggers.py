"""Webhook triggers as people handle them: settings, secrets, the example call."""

import subprocess

import pytest

from nocode.automation.models import Trigger, WebhookDelivery
from nocode.automation.nodes.questions import as_input
from nocode.automation.services import triggers
from nocode.automation.triggers import InvalidTrigger, settings_of, trigger_types
from nocode.automation.triggers.manual import input_form
from nocode.automation.triggers.signatures import schemes
from nocode.automation.triggers.webhook import curl_example
from nocode.foundation.crypto import decrypt
from nocode.foundation.services import auth
from tests.factories import make_published, make_trigger, make_user, make_workflow, set_values

WEBHOOK = trigger_types["webhook"]


@pytest.mark.parametrize("kind", list(trigger_types), ids=lambda kind: kind.kind)
def test_every_kind_explains_itself(kind):
    assert kind.label
    assert kind.icon
    assert str(kind.summary).endswith(".")
    assert kind.kind in Trigger.Kind.values
    form = kind.Config()
    assert all(field.label for field in form.fields.values())
    assert form.conditional.keys() <= form.fields.keys()
    assert {name for name, _values in form.conditional.values()} <= form.fields.keys()


# A record trigger says nothing without a table.
ASK_FOR_SOMETHING = {"record", "event", "form"}


@pytest.mark.parametrize(
    "kind", [each for each in trigger_types if each.kind not in ASK_FOR_SOMETHING], ids=lambda kind: kind.kind
)
def test_the_defaults_are_valid_and_cleaning_is_stable(kind):
    settings = kind.clean({})

    assert kind.clean(settings) == settings


@pytest.mark.parametrize("scheme", list(schemes), ids=lambda scheme: scheme.kind)
def test_every_scheme_explains_itself(scheme):
    assert scheme.label
    assert type(scheme).__doc__


@pytest.mark.parametrize(
    ("config", "field", "words"),
    [
        ({"security": "rot13"}, "security", "not one of"),
        ({"security": "header", "header_name": ""}, "header_name", "required"),
        ({"security": "basic"}, "username", "required"),
        ({"header_name": "X Key"}, "header_name", "not the name of a header"),
        ({"dedup_header": "a\nb"}, "dedup_header", "not the name of a header"),
        ({"security": "hmac", "signature_header": "`id`"}, "signature_header", "not the name of a header"),
        ({"tolerance": 0}, "tolerance", "10"),
        ({"wait_seconds": 31}, "wait_seconds", "30"),
        ({"methods": ["TRACE"]}, "methods", "TRACE"),
        ({"methods": []}, "methods", "required"),
        ({"allowed_ips": "10.0.0.0/33"}, "allowed_ips", "“10.0.0.0/33”"),
        ({"max_body_bytes": 10**9}, "max_body_bytes", "at most"),
        ({"rate_limit": 0}, "rate_limit", "1"),
        ({"sample": "{broken"}, "sample", "JSON"),
        ({"color": "red"}, "color", "does not exist"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(config, field, words):
    with pytest.raises(InvalidTrigger) as refusal:
        WEBHOOK.clean(config)

    assert words in " ".join(refusal.value.details["errors"][field])


def test_networks_are_kept_in_their_usual_form():
    settings = WEBHOOK.clean({"allowed_ips": " 192.0.2.7/24,\n2001:DB8::0001 "})

    assert settings["allowed_ips"] == "192.0.2.0/24\n2001:db8::1/128"


@pytest.mark.django_db
class TestSecrets:
    def test_a_secret_is_kept_unreadable_and_out_of_history(self):
        hook = triggers.create(make_workflow(), "webhook", "Hook", config={"security": "hmac"}, secret="s3cret")

        assert "s3cret" not in hook.secret
        assert decrypt(hook.secret) == "s3cret"
        assert not {"secret", "token"} & {field.name for field in hook.history.model._meta.get_fields()}

    @pytest.mark.parametrize("security", ["header", "hmac", "standard"])
    def test_a_new_secret_is_told_once_and_serves(self, security):
        hook = triggers.create(make_workflow(), "webhook", "Hook", config={"security": security})

        first, second = triggers.rotate_secret(hook), triggers.rotate_secret(hook)

        assert first != second
        assert decrypt(Trigger.objects.get(pk=hook.pk).secret) == second
        assert second.startswith("whsec_") is (security == "standard")

    def test_a_secret_that_cannot_serve_is_refused(self):
        hook = triggers.create(make_workflow(), "webhook", "Hook", config={"security": "standard"})

        with pytest.raises(InvalidTrigger, match="whsec_"):
            triggers.set_secret(hook, "not base64!")

    def test_a_new_address_ends_the_old_one(self, client):
        hook = triggers.create(make_published(("echo", "set", set_values(a="1"))), "webhook", "Hook")
        old = hook.token

        triggers.rotate_token(hook)

        answers = [
            client.post(f"/hooks/{token}/", b"{}", content_type="application/json") for token in (old, hook.token)
        ]
        assert [answer.status_code for answer in answers] == [404, 202]

    def test_invalid_settings_are_not_saved(self):
        hook = make_trigger(make_workflow(), "webhook", config={"answer": "wait"})

        with pytest.raises(InvalidTrigger):
            triggers.configure(hook, {"answer": "never"})

        assert settings_of(Trigger.objects.get(pk=hook.pk))["answer"] == "wait"


def _token_for(organization) -> str:
    return auth.create_token(make_user(organization=organization), organization, "Shell", ["run"])[1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("security", [scheme.kind for scheme in schemes])
def test_the_example_works_when_pasted_into_a_shell(security, live_server):
    config = {"security": security, "username": "o'neil" if security == "basic" else "", "sample": {"name": "it's é"}}
    hook = triggers.create(make_published(("echo", "set", set_values(a="1"))), "webhook", "Hook", config=config)
    secret = triggers.rotate_secret(hook) if schemes[security].has_secret else ""

    example = curl_example(hook, live_server.url, secret)
    if security == "token":
        example = example.replace("put the token here", _token_for(hook.workflow.organization))
    shell = subprocess.run(["bash", "-c", example], capture_output=True, text=True, timeout=20, check=True)

    delivery = WebhookDelivery.objects.get()
    assert shell.stdout == f'{{"execution_id": "{delivery.execution_id}"}}'
    assert bytes(delivery.body).decode() == '{"name": "it\'s é"}'


@pytest.mark.django_db
def test_the_example_does_not_show_the_stored_secret():
    hook = triggers.create(make_workflow(), "webhook", "Hook", config={"security": "github"}, secret="s3cret")

    assert "s3cret" not in curl_example(hook, "https://example.com/")
    assert f"https://example.com/hooks/{hook.token}/" in curl_example(hook, "https://example.com/")


def test_a_person_is_asked_for_what_a_manual_trigger_declares():
    settings = trigger_types["manual"].clean(
        {
            "fields_asked": [
                {"name": "day", "label": "Which day?", "kind": "date", "required": "yes"},
                {"name": "count", "kind": "whole", "required": "no"},
                {"name": "sure", "kind": "yes_no", "required": "yes"},
            ]
        }
    )

    form = input_form(settings)({"day": "2026-02-03", "count": ""})

    assert form.is_valid(), form.errors
    assert as_input(form.cleaned_data) == {"day": "2026-02-03", "count": None, "sure": False}
    assert form.fields["day"].label == "Which day?"
    assert not input_form(settings)({}).is_valid()
