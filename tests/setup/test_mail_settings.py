"""The mail server's address: what is understood, and what is refused at start-up."""

import contextlib

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from nocode.settings.env import mail_sender, mail_server_from_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 25, "", "", False, False)),
        ("smtp://mail.example.com:2525/?tls=true", ("mail.example.com", 2525, "", "", True, False)),
        ("smtp://u:p@mail.example.com", ("mail.example.com", 587, "u", "p", True, False)),
        ("smtp://u:p@mail.example.com/?tls=false", ("mail.example.com", 25, "u", "p", False, False)),
        ("smtps://u%40x.com:p%3A%2F@mail.example.com/", ("mail.example.com", 465, "u@x.com", "p:/", False, True)),
    ],
)
def test_addresses_of_mail_servers(url, expected):
    assert tuple(mail_server_from_url(url).values()) == expected


def test_no_address_is_no_server():
    assert mail_server_from_url("") is None


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://host:port",
        "smtp://host:99999",
        "smtp://host/inbox",
        "smtp://host/?tls=perhaps",
        "smtp://host/?starttls=true",
        "smtps://host/?tls=true",
    ],
)
def test_nonsense_is_refused_with_the_name_of_the_variable(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL"):
        mail_server_from_url(url)


@pytest.mark.parametrize("text", ["nocode@example.com", "NoCode <nocode@example.com>"])
def test_senders(text):
    assert mail_sender(text, required=True) == text


@pytest.mark.parametrize("text", ["", "nocode", "NoCode <>", "a@example.com\nBcc: b@example.com", "a@b@c"])
def test_senders_that_are_none(text):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_FROM"):
        mail_sender(text, required=True)


def test_a_sender_is_not_needed_without_a_server():
    assert mail_sender("", required=False) == ""


def line_of_doctor(capsys) -> str:
    with contextlib.suppress(SystemExit):  # whatever else this machine lacks
        call_command("doctor")
    return next(line for line in capsys.readouterr().out.splitlines() if " mail " in line)


@pytest.mark.django_db
def test_doctor_asks_the_server(mail_server, settings, capsys):
    assert "answers" in line_of_doctor(capsys)
    mail_server.stop()
    assert "failed" in line_of_doctor(capsys)
    mail_server.start()
    settings.EMAIL_SERVER = None
    assert "no mail server" in line_of_doctor(capsys)
