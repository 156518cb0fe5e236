"""A new key: every stored secret is encrypted with it, whatever holds it, while people work."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from nocode.automation.models import Integration, NotificationRule, Trigger
from nocode.automation.services import integrations, notifications, triggers
from nocode.foundation.crypto import decrypt, encrypt
from nocode.foundation.models import Email, SecretText
from nocode.foundation.services import mail, secrets
from tests.factories import make_integration, make_organization, make_user, make_workflow
from tests.locks import until_it_waits

pytestmark = pytest.mark.django_db

OLD, NEW = "the key of the years before", "the key from now on"


@pytest.fixture
def keys(settings):
    """`keys(NEW, OLD)` sets them."""

    def use(*texts: str) -> None:
        settings.NOCODE_ENCRYPTION_KEYS = list(texts)

    use(OLD)
    return use


def rotate() -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out, stderr=out)
    return out.getvalue()


def columns() -> set[str]:
    found = [field for model in apps.get_models() for field in model._meta.get_fields()]
    return {f"{each.model._meta.label}.{each.name}" for each in found if isinstance(each, SecretText)}


def test_every_kind_of_secret_is_known():
    assert columns() >= {
        "automation.Integration.secrets",
        "automation.Trigger.secret",
        "automation.NotificationRule.webhook_url",
        "foundation.Email.text",
        "foundation.Email.html",
    }


def test_everything_is_under_the_new_key_and_the_old_one_can_go(keys):
    organization = make_organization()
    integration = make_integration(organization, values={"token": "a-secret-token"})
    trigger = triggers.create(make_workflow(organization), "webhook", "calls")
    Trigger.objects.filter(pk=trigger.pk).update(secret=encrypt("a-trigger-secret"))
    person = make_user(organization=organization)
    notifications.save(person, organization, None, {"failed": {"webhook"}}, "https://hooks.example.com/x")
    email = mail.send("anna@example.com", "Hello", "message", {"title": "Hello", "text": "A link.", "link": ""})
    keys(NEW, OLD)

    said = rotate()
    keys(NEW)

    assert "automation.Integration.secrets: 1 encrypted again, 0 were already, 0 unreadable" in said
    assert Integration.objects.get(pk=integration.pk).read_secrets() == {"token": "a-secret-token"}
    assert NotificationRule.objects.get(on="failed").read_address() == "https://hooks.example.com/x"
    assert "A link." in decrypt(Email.objects.get(pk=email.pk).text)
    assert decrypt(Trigger.objects.get(pk=trigger.pk).secret) == "a-trigger-secret"


def test_a_second_time_changes_nothing(keys):
    make_integration()
    keys(NEW, OLD)
    rotate()
    before = Integration.objects.get().secrets

    assert "0 encrypted again, 1 were already" in rotate()
    assert Integration.objects.get().secrets == before


def test_more_than_a_batch_is_done_and_what_was_stopped_goes_on(keys, monkeypatch):
    monkeypatch.setattr(secrets, "BATCH", 2)
    for _number in range(5):
        make_integration()
    keys(NEW, OLD)
    first_column = next(each for each in secrets.rotate_all() if each.model is Integration)
    assert (first_column.rotated, first_column.current) == (5, 0)

    assert "0 encrypted again, 5 were already" in rotate()


def test_what_cannot_be_read_is_named_and_the_rest_is_done(keys):
    keys("a key that was lost")
    lost = make_integration(name="Old shop")
    keys(OLD)
    make_integration(name="Shop")
    keys(NEW, OLD)

    out = StringIO()
    with pytest.raises(CommandError, match="1 secrets cannot be read"):
        call_command("rotate_keys", stdout=out, stderr=out)

    assert f"“Old shop” ({lost.pk})" in out.getvalue()
    assert "1 encrypted again, 0 were already, 1 unreadable" in out.getvalue()


def test_nothing_but_the_secret_is_written(keys):
    integration = make_integration(name="Shop")
    Integration.objects.filter(pk=integration.pk).update(settings={"hosts": "example.com", "test_url": ""})
    before = Integration.objects.values().get()
    keys(NEW, OLD)

    rotate()

    after = Integration.objects.values().get()
    assert {name for name in after if after[name] != before[name]} == {"secrets"}
    assert integration.history.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_secret_saved_meanwhile_is_not_lost(keys):
    """Somebody holds the row with a new secret while the keys are rotated: the rotation waits, and reads it anew."""
    integration = make_integration(values={"token": "the-token-of-before"})
    keys(NEW, OLD)

    def work() -> str:
        try:
            return rotate()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            integrations.save(integration, {"token": "the-token-of-now"})
            rotation = pool.submit(work)
            until_it_waits(rotation)
        rotation.result(timeout=20)

    keys(NEW)
    assert Integration.objects.get().read_secrets() == {"token": "the-token-of-now"}


def test_what_was_written_back_under_the_old_key_is_told(keys, monkeypatch):
    """A process that still has the old keys saves an object it has read before."""
    integration = make_integration(name="Shop")
    keys(NEW, OLD)
    rotate_all = secrets.rotate_all

    def meanwhile():
        yield from rotate_all()
        integration.save()

    monkeypatch.setattr(secrets, "rotate_all", meanwhile)
    with pytest.raises(CommandError, match="1 secrets were saved meanwhile"):
        rotate()

    monkeypatch.setattr(secrets, "rotate_all", rotate_all)
    assert "1 encrypted again" in rotate()
