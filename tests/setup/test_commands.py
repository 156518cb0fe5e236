"""create_superuser and doctor."""

import getpass
import io
import sys

import pytest
from django.core.management import CommandError, call_command

from nocode.foundation.models import User
from tests.factories import make_user

STRONG = "an unlikely Sentence 7"


@pytest.fixture(autouse=True)
def nobody_at_the_keyboard(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.delenv("SUPERUSER_EMAIL", raising=False)
    monkeypatch.delenv("SUPERUSER_PASSWORD", raising=False)


@pytest.mark.django_db
def test_create_superuser_takes_the_password_from_the_environment(monkeypatch):
    monkeypatch.setenv("SUPERUSER_PASSWORD", STRONG)

    call_command("create_superuser", "--email", "Ada@Example.com", "--name", "Ada")

    user = User.objects.get(email="ada@example.com")
    assert (user.is_superuser, user.is_staff, user.name, user.check_password(STRONG)) == (True, True, "Ada", True)


@pytest.mark.django_db
def test_create_superuser_takes_the_password_from_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(STRONG + "\n"))

    call_command("create_superuser", "--email", "ada@example.com", "--password-stdin")

    assert User.objects.get(email="ada@example.com").check_password(STRONG)


@pytest.mark.django_db
def test_create_superuser_asks_a_person_for_what_is_missing(monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", {"E-mail address: ": "ada@example.com"}.__getitem__)
    monkeypatch.setattr(getpass, "getpass", {"Password: ": STRONG, "Again: ": STRONG}.__getitem__)

    call_command("create_superuser")

    assert User.objects.get(email="ada@example.com").check_password(STRONG)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("email", "password", "message"),
    [
        (None, STRONG, "e-mail address is needed"),
        ("not an address", STRONG, "not an address is not an e-mail address"),
        ("ada@example.com", None, "password is needed"),
        ("ada@example.com", "password", "too common"),
        ("ada@example.com", "Zq8!x", "too short"),
        ("ada.lovelace@example.com", "ada.lovelace1", "too similar"),
        ("there@example.com", STRONG, "exists already"),
    ],
)
def test_create_superuser_refuses(monkeypatch, email, password, message):
    make_user("there@example.com")
    if password:
        monkeypatch.setenv("SUPERUSER_PASSWORD", password)

    with pytest.raises(CommandError, match=message):
        call_command("create_superuser", *(["--email", email] if email else []))

    assert list(User.objects.values_list("email", flat=True)) == ["there@example.com"]


@pytest.mark.django_db
def test_doctor_is_content_with_a_working_installation():
    make_user(is_superuser=True)
    told = io.StringIO()

    call_command("doctor", stdout=told)

    assert "failed" not in told.getvalue()
    assert "updated_at is kept on" in told.getvalue()


@pytest.mark.django_db
def test_doctor_fails_and_says_how_to_mend():
    told = io.StringIO()

    with pytest.raises(SystemExit) as end:
        call_command("doctor", stdout=told)

    assert end.value.code == 1
    assert "Run: python3 manage.py create_superuser" in told.getvalue()
