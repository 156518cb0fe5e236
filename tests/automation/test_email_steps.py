"""The step that sends e-mails, and mail servers as integrations: a real server that says what it is told."""

import socket
from contextlib import suppress
from email import message_from_bytes, policy
from threading import Thread

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from django.core.exceptions import ValidationError

from nocode.automation.engine import runner
from nocode.automation.errors import InvalidIntegration, InvalidWorkflow, PermanentFailure
from nocode.automation.models import ExecutionLog, IntegrationCall, StepRun
from nocode.automation.nodes.message import AddressesField
from nocode.automation.outgoing import smtp
from nocode.automation.services import integrations, workflows
from tests.automation.echoing import run
from tests.factories import make_chain, make_integration, make_organization, make_published, make_workflow
from tests.fixtures.mail import MailServer, text_of

pytestmark = pytest.mark.django_db

PASSWORD = "canary mail password 91b2"


class Strict(MailServer):
    """Lets in whoever knows the password, and nobody else."""

    async def _listen(self):
        def serve():
            return SMTP(
                self, hostname="mail.test", loop=self._loop, auth_require_tls=False, authenticator=self._authenticate
            )

        return await self._loop.create_server(serve, "127.0.0.1", self.port)

    @staticmethod
    def _authenticate(server, session, envelope, mechanism, given) -> AuthResult:
        return AuthResult(success=given.password.decode() == PASSWORD, handled=False)


@pytest.fixture
def organization():
    return make_organization("Acme")


@pytest.fixture
def strict():
    server = Strict()
    yield server
    server.close()


@pytest.fixture
def reachable(settings):
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1"]


def sending(**config) -> tuple:
    return ("send", "email.send", {"to": "anna@example.com", "subject": "Hello", "text": "Good day.", **config})


def sent(organization, *, data=None, **config):
    return run(make_published(sending(**config), organization=organization), data)


def account(organization, server, **values):
    given = {"host": "127.0.0.1", "port": server.port, "security": "none", "sender": "shop@acme.example", **values}
    return make_integration(organization, "smtp", values=given, name="Shop mail")


def retried(execution) -> bool:
    return execution.status == "waiting"


# --- What is sent ---------------------------------------------------------------------------------------------


def test_an_email_leaves_through_the_installations_server(organization, mail_server):
    execution = sent(
        organization,
        data={"name": "Zoë", "to": ["anna@example.com", "Bert Ü <bert@example.com>"]},
        to="{{ trigger.to }}",
        cc="carl@example.com; dora@example.com",
        reply_to="answers@example.com",
        subject="Hello {{ trigger.name }}",
        text="Dear {{ trigger.name }},\n" + "long " * 400,
    )

    [message] = mail_server.messages
    assert execution.status == "completed", execution.error_message
    assert (message["From"], message["Reply-To"]) == ("NoCode <nocode@example.com>", "answers@example.com")
    assert message["To"] == "anna@example.com, Bert Ü <bert@example.com>"
    assert message["Cc"] == "carl@example.com, dora@example.com"
    assert message["Subject"] == "Hello Zoë"
    assert text_of(message).splitlines() == ["Dear Zoë,", "long " * 400]
    people = ["anna@example.com", "bert@example.com", "carl@example.com", "dora@example.com"]
    assert mail_server.recipients == people
    assert execution.output == {"message_id": message["Message-ID"], "accepted": people, "refused": {}}


def test_an_email_leaves_through_an_integration(organization, strict, reachable):
    integration = account(organization, strict, username="shop", password=PASSWORD)

    execution = sent(organization, integration=str(integration.pk))

    assert execution.status == "completed", execution.error_message
    assert strict.messages[0]["From"] == "shop@acme.example"
    assert strict.messages[0]["Message-ID"].endswith("@acme.example>")


def test_a_wrong_password_fails_with_the_servers_words(organization, strict, reachable):
    integration = account(organization, strict, username="shop", password="wrong password")

    execution = sent(organization, integration=str(integration.pk))

    assert execution.status == "failed"
    assert execution.error_message.startswith("535 ")
    assert strict.messages == []


@pytest.mark.parametrize("header", ["subject", "to", "cc", "reply_to"])
def test_no_header_can_be_smuggled_in(organization, mail_server, header):
    evil = (
        "anna@example.com\r\nBcc: evil@example.com\r\n\r\nbody"
        if header != "subject"
        else "Hi\r\nBcc: evil@example.com"
    )

    execution = sent(organization, data={"evil": evil}, **{header: "{{ trigger.evil }}"})

    assert "evil@example.com" not in mail_server.recipients
    assert all(message["Bcc"] is None for message in mail_server.messages)
    assert execution.status == ("completed" if header == "subject" else "failed")


def test_a_second_attempt_has_the_same_message_id(organization, mail_server):
    mail_server.answers["DATA"] = ["451 Greylisted, come back later"]
    execution = sent(organization)
    assert retried(execution)
    StepRun.objects.update(wake_at=execution.created_at)
    type(execution).objects.update(wake_at=execution.created_at)

    runner.run(execution.pk, continue_later=lambda *args: None)

    execution.refresh_from_db()
    assert execution.status == "completed"
    assert [step.attempt for step in StepRun.objects.order_by("pk")] == [1, 2]
    assert StepRun.objects.order_by("pk").first().error.startswith("451 ")
    fingerprint = mail_server.messages[0]["Message-ID"]
    assert fingerprint == execution.output["message_id"]


# --- What fails -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "answer", "is_retried"),
    [
        ("DATA", "554 Spam", False),
        ("DATA", "452 Disk full", True),
        ("anna@example.com", "550 No such user", False),
        ("anna@example.com", "450 Mailbox busy", True),
    ],
)
def test_what_passes_is_tried_again_and_what_does_not_is_told(organization, mail_server, where, answer, is_retried):
    mail_server.answers[where] = [answer]

    execution = sent(organization)

    assert retried(execution) is is_retried
    assert answer in StepRun.objects.get().error


def test_who_is_refused_among_others_is_named(organization, mail_server):
    mail_server.answers["bert@example.com"] = ["550 No such user"]

    execution = sent(organization, to="anna@example.com, bert@example.com")

    assert execution.status == "completed"
    assert execution.output["accepted"] == ["anna@example.com"]
    assert execution.output["refused"] == {"bert@example.com": "550 No such user"}
    assert "bert@example.com" in ExecutionLog.objects.get().message


def test_a_server_that_is_down_is_tried_again(organization, mail_server):
    mail_server.stop()

    execution = sent(organization)
    mail_server.start()

    assert retried(execution)
    assert "cannot be reached" in StepRun.objects.get().error


def test_a_server_inside_the_network_is_not_reached(organization, strict):
    integration = account(organization, strict)

    execution = sent(organization, integration=str(integration.pk))

    assert execution.status == "failed"
    assert "private network" in execution.error_message


def test_without_a_server_publishing_and_running_say_so(organization, settings):
    settings.EMAIL_SERVER = None
    workflow = make_workflow(organization)
    make_chain(workflow, sending())

    with pytest.raises(InvalidWorkflow, match="EMAIL_URL"):
        workflows.publish(workflow)


def test_an_integration_of_another_protocol_is_refused(organization, mail_server):
    workflow = make_workflow(organization)
    make_chain(workflow, sending(integration=str(make_integration(organization, name="Shop").pk)))

    with pytest.raises(InvalidWorkflow, match="“Shop” is not for this kind of step"):
        workflows.publish(workflow)


def test_a_drip_of_bytes_does_not_hold_a_worker(monkeypatch):
    """The whole conversation has a limit, not only each answer."""
    monkeypatch.setattr(smtp, "LIMIT", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))

    def drip():
        connection, _address = listener.accept()
        with suppress(OSError):
            while connection.send(b"2"):
                connection.settimeout(0.1)
                with suppress(TimeoutError):
                    if not connection.recv(100):
                        return

    Thread(target=drip, daemon=True).start()
    server = smtp.MailServer("127.0.0.1", listener.getsockname()[1], is_guarded=False)

    with pytest.raises((smtp.MailPostponed, smtp.MailRefused)):
        smtp.check(server)
    listener.close()


# --- Addresses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("anna@example.com", ["anna@example.com"]),
        ("a@example.com,b@example.com; c@example.com\nd@example.com", [f"{name}@example.com" for name in "abcd"]),
        (["a@example.com", "Bert <b@example.com>"], ["a@example.com", "Bert <b@example.com>"]),
        ("anna@bücher.example", ["anna@xn--bcher-kva.example"]),
        ("", []),
    ],
)
def test_addresses_are_read(typed, expected):
    assert AddressesField(required=False).clean(typed) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "anna",
        "anna@",
        "@example.com",
        "anna@example.com bert@example.com",
        [{"address": "a@example.com"}],
        ", ".join(f"p{number}@example.com" for number in range(51)),
        5,
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(ValidationError):
        AddressesField().clean(typed)


# --- The integration ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"username": "shop", "password": ""}, "password"),
        ({"port": 0}, "port"),
        ({"host": "https://mail.example.com"}, "host"),
        ({"sender": "nobody"}, "sender"),
        ({"username": "shop", "password": "pässword"}, "password"),
    ],
)
def test_what_makes_no_sense_is_refused(organization, strict, values, wrong):
    with pytest.raises(InvalidIntegration) as refused:
        account(organization, strict, **values)

    assert wrong in refused.value.details["errors"]


def test_without_a_user_there_is_no_password(organization, strict):
    integration = account(organization, strict, username="shop", password=PASSWORD)

    integrations.save(integration, {**integration.settings, "username": "", "password": ""})

    assert integration.read_secrets() == {"password": ""}


def test_the_test_logs_in_and_sends_nothing(organization, strict, reachable):
    good = account(organization, strict, username="shop", password=PASSWORD)

    words = integrations.test(good)

    assert "let us in as “shop”" in words
    assert strict.messages == []
    [call] = IntegrationCall.objects.all()
    assert (call.integration_id, call.error) == (good.pk, "")


def test_the_test_tells_what_is_wrong(organization, strict, reachable):
    bad = account(organization, strict, username="shop", password="wrong password")

    with pytest.raises(PermanentFailure, match="^535 "):
        integrations.test(bad)

    assert IntegrationCall.objects.get().error.startswith("535 ")


def test_a_message_is_plain_and_well_formed(organization, mail_server):
    execution = sent(organization, text="line\r\n.\r\nFrom nowhere")

    assert execution.status == "completed", execution.error_message
    [message] = mail_server.messages
    assert text_of(message).splitlines() == ["line", ".", "From nowhere"]
    again = message_from_bytes(bytes(message), policy=policy.default)
    assert again["Auto-Submitted"] == "auto-generated"
