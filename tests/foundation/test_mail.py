"""E-mails: sent once, not lost while the server is away, never with a header somebody typed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone, translation

from nocode.foundation import mailing, smtp
from nocode.foundation.models import Email, QueuedTask, Role
from nocode.foundation.services import mail
from nocode.foundation.tasks.mail import deliver_email, send_overdue_emails
from tests import factories
from tests.console.conftest import log_in
from tests.fixtures.mail import run_queue, text_of
from tests.fixtures.stack import eventually
from tests.locks import until_it_waits

pytestmark = pytest.mark.django_db

TEMPLATE = "message"
CONTEXT = {"title": "Hello", "text": "Something happened."}


def send(to: str = "ada@example.com", subject: str = "News", **context) -> Email:
    return mail.send(to, subject, TEMPLATE, {**CONTEXT, **context})


def make_due() -> None:
    """As if the delay were over."""
    past = timezone.now() - timedelta(seconds=1)
    Email.objects.exclude(due_at=None).update(due_at=past)
    QueuedTask.objects.update(due_at=past)


# --- Sending ----------------------------------------------------------------------------------------------------------


def test_an_email_arrives_in_both_forms_and_its_text_is_forgotten(mail_server):
    email = send(text="1 < 2 & 3", link="https://example.com/?a=1&b=2", label="Open")

    run_queue()

    [message] = mail_server.messages
    assert (message["To"], message["From"], message["Subject"]) == (
        "ada@example.com",
        "NoCode <nocode@example.com>",
        "News",
    )
    assert "1 < 2 & 3" in text_of(message)
    assert "Open: https://example.com/?a=1&b=2" in text_of(message)
    assert "1 &lt; 2 &amp; 3" in text_of(message, "html")
    assert message["Message-ID"] == f"<{email.pk}@example.com>"
    email.refresh_from_db()
    assert (email.status, email.text, email.html, email.attempts) == ("sent", "", "", 1)
    assert email.sent_at is not None


def test_the_text_is_unreadable_in_the_database(mail_server):
    email = send(text="https://example.com/opens-an-account")

    email.refresh_from_db()
    assert "opens-an-account" not in email.text + email.html


def test_a_rollback_forgets_the_email(mail_server):
    with transaction.atomic():
        send()
        transaction.set_rollback(True)

    assert not Email.objects.exists()
    assert not QueuedTask.objects.exists()


def test_the_language_is_that_of_the_moment(mail_server):
    with translation.override("fr"):
        send()

    run_queue()

    assert '<html lang="fr">' in text_of(mail_server.messages[0], "html")


def test_a_task_that_runs_again_sends_nothing(mail_server):
    email = send()

    for _time in range(3):
        deliver_email(str(email.pk))

    assert len(mail_server.messages) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_send_the_same(mail_server):
    email = send()

    def work() -> None:
        deliver_email(str(email.pk))
        connection.close()

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            assert mailing._claim(email.pk) is not None
            other = pool.submit(work)
            until_it_waits(other)
        other.result(timeout=20)

    assert mail_server.messages == []


# --- What goes wrong --------------------------------------------------------------------------------------------------


def test_a_server_that_is_down_delays_and_loses_nothing(mail_server):
    mail_server.stop()
    email = send()

    run_queue()

    email.refresh_from_db()
    assert (email.status, email.attempts) == ("queued", 1)
    assert "refused" in email.error
    mail_server.start()
    make_due()
    run_queue()
    email.refresh_from_db()
    assert (email.status, email.error) == ("sent", "")
    assert len(mail_server.messages) == 1


@pytest.mark.parametrize("answer", ["451 Try later", "452 Too many", "421 Going down"])
def test_passing_refusals_are_tried_again_later(mail_server, answer):
    mail_server.answers["ada@example.com"] = [answer, answer]
    email = send()

    delays = []
    for _attempt in range(3):
        before = timezone.now()
        run_queue()
        email.refresh_from_db()
        delays.append(round((email.due_at - before).total_seconds() / 60) if email.due_at else 0)
        make_due()

    assert delays == [1, 2, 0]
    assert email.status == "sent"


def test_a_busy_server_is_not_asked_before_its_time(mail_server):
    mail_server.answers["ada@example.com"] = ["451 Try later"]
    email = send()
    run_queue()

    deliver_email(str(email.pk))
    run_queue()

    assert mail_server.recipients == ["ada@example.com"]


@pytest.mark.parametrize(
    ("place", "answer"), [("ada@example.com", "550 No such user"), ("DATA", "554 Looks like spam")]
)
def test_a_refusal_for_good_keeps_the_servers_words(mail_server, place, answer):
    mail_server.answers[place] = [answer]
    email = send()

    run_queue()

    email.refresh_from_db()
    assert (email.status, email.error, email.due_at) == ("failed", answer, None)
    assert not QueuedTask.objects.exists()


def test_it_gives_up_after_ten_attempts_and_keeps_the_text(mail_server):
    mail_server.answers["ada@example.com"] = ["451 Try later"] * 20
    email = send()

    for _attempt in range(12):
        run_queue()
        make_due()

    email.refresh_from_db()
    assert (email.status, email.attempts, email.error) == ("failed", 10, "451 Try later")
    assert email.text


def test_a_log_in_that_is_refused_loses_nothing(mail_server, settings):
    settings.EMAIL_SERVER = {**settings.EMAIL_SERVER, "username": "x", "password": "y"}  # the server knows no AUTH
    email = send()

    run_queue()

    email.refresh_from_db()
    assert (email.status, email.attempts) == ("queued", 1)
    assert "auth" in email.error.lower()


def test_a_worker_that_dies_leaves_an_email_that_is_sent_later(mail_server, monkeypatch):
    email = send()
    QueuedTask.objects.all().delete()
    monkeypatch.setattr(smtp, "hand_over", lambda message: 1 / 0)  # the process ends here
    with pytest.raises(ZeroDivisionError):
        deliver_email(str(email.pk))
    monkeypatch.undo()

    send_overdue_emails()
    run_queue()
    assert mail_server.messages == []  # its delay is not over

    Email.objects.update(due_at=timezone.now() - mailing.FORGOTTEN - timedelta(seconds=1))
    send_overdue_emails()
    run_queue()
    assert len(mail_server.messages) == 1


def test_attempts_that_never_end_are_bounded(mail_server):
    email = send()
    Email.objects.update(attempts=mailing.MAX_ATTEMPTS)

    deliver_email(str(email.pk))

    email.refresh_from_db()
    assert (email.status, email.error) == ("failed", "No attempt came to an end.")


# --- Without a server -------------------------------------------------------------------------------------------------


def test_without_a_server_emails_wait_for_one(mail_server, settings):
    server, settings.EMAIL_SERVER = settings.EMAIL_SERVER, None
    email = send()
    send_overdue_emails()
    assert (email.status, email.due_at) == ("queued", None)
    assert not QueuedTask.objects.exists()

    settings.EMAIL_SERVER = server
    send_overdue_emails()
    run_queue()

    assert len(mail_server.messages) == 1


def test_a_server_that_is_taken_away_meanwhile(mail_server, settings):
    email, settings.EMAIL_SERVER = send(), None

    run_queue()

    email.refresh_from_db()
    assert (email.status, email.due_at, email.attempts) == ("queued", None, 0)


def test_old_emails_do_not_surprise_when_a_server_appears(mail_server):
    email = send()
    Email.objects.update(due_at=None, created_at=timezone.now() - mailing.TOO_LATE - timedelta(hours=1))

    send_overdue_emails()
    run_queue()

    email.refresh_from_db()
    assert email.status == "failed"
    assert mail_server.messages == []


# --- What people type -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "to",
    [
        "ada@example.com\nBcc: eve@example.com",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "Ada <ada@example.com>",
        "ada@example.com\x00",
        "ada",
        "",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.com",
    ],
)
def test_an_address_is_one_address(mail_server, to):
    with pytest.raises(mail.AddressRefused):
        send(to)

    assert not Email.objects.exists()


@pytest.mark.parametrize("cut", ["\n", "\r", "\r\n", "\u2028", "\x0b", "\x00", "\x85"])
def test_a_subject_is_one_line(mail_server, cut):
    send(subject=f"Hello{cut}Bcc: eve@example.com{cut}{cut}<b>")

    run_queue()

    [message] = mail_server.messages
    assert message["Subject"] == "Hello Bcc: eve@example.com <b>"
    assert message["Bcc"] is None
    assert mail_server.recipients == ["ada@example.com"]


def test_long_and_foreign_words_survive(mail_server):
    email = send("ada@exämple.com", "Überraschung 🎉 " + "x" * 300, text="Zoë ☃")

    run_queue()

    email.refresh_from_db()
    assert email.status == "sent", email.error
    [message] = mail_server.messages
    assert message["Subject"].strip() == "Überraschung 🎉 " + "x" * 235
    assert "Zoë ☃" in text_of(message)
    assert mail_server.recipients == ["ada@xn--exmple-cua.com"]


def test_a_domain_that_cannot_be_written_fails_and_says_so(mail_server):
    email = send(f"ada@{'é' * 60}.com")

    run_queue()

    email.refresh_from_db()
    assert (email.status, email.error) == ("failed", "This address cannot be written in an e-mail.")


# --- The list ---------------------------------------------------------------------------------------------------------


LIST = "admin:foundation_email_changelist"


def again(user, email: Email):
    url = reverse("admin:foundation_email_send_one_again", args=[email.pk])
    return log_in(user).post(url, {"_form_submitted": "True"}, headers={"HX-Request": "true"})


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def failed(organization, mail_server):
    email = mail.send("guest@example.com", "An invitation", TEMPLATE, {**CONTEXT, "text": "secret link"}, organization)
    Email.objects.update(status="failed", error="550 No such user", due_at=None, attempts=3)
    QueuedTask.objects.all().delete()
    email.refresh_from_db()
    return email


@pytest.mark.parametrize("role", Role.values)
def test_members_see_their_emails_and_nobody_the_text(organization, failed, role):
    client = log_in(factories.make_user(organization=organization, role=role))

    listed = client.get(reverse(LIST)).content.decode()
    shown = client.get(reverse("admin:foundation_email_change", args=[failed.pk])).content.decode()

    for page in (listed, shown):
        assert "550 No such user" in page
        assert "secret link" not in page
        assert failed.text not in page


def test_superusers_do_not_see_the_text_either(failed):
    page = log_in(factories.make_user(is_superuser=True)).get(
        reverse("admin:foundation_email_change", args=[failed.pk])
    )

    assert b"guest@example.com" in page.content
    assert failed.text.encode() not in page.content


def test_strangers_see_nothing(failed):
    client = log_in(factories.make_user(organization=factories.make_organization()))

    assert b"guest@example.com" not in client.get(reverse(LIST)).content
    assert client.get(reverse("admin:foundation_email_change", args=[failed.pk])).status_code == 404


def test_emails_of_no_organization_are_for_superusers(organization, mail_server):
    send("reset@example.com")

    owner, root = factories.make_user(organization=organization), factories.make_user(is_superuser=True)

    assert b"reset@example.com" not in log_in(owner).get(reverse(LIST)).content
    assert b"reset@example.com" in log_in(root).get(reverse(LIST)).content


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OWNER, 200), (Role.ADMIN, 200), (Role.EDITOR, 403), (Role.VIEWER, 403)]
)
def test_who_may_send_again(organization, failed, mail_server, role, status):
    answer = again(factories.make_user(organization=organization, role=role), failed)

    run_queue()
    assert answer.status_code == status
    assert len(mail_server.messages) == (1 if status == 200 else 0)


def test_strangers_cannot_send_again(failed):
    assert again(factories.make_user(organization=factories.make_organization()), failed).status_code == 404


def test_what_is_sent_is_not_sent_again(organization, failed, mail_server):
    owner = factories.make_user(organization=organization)
    again(owner, failed)
    run_queue()

    again(owner, failed)
    run_queue()

    assert len(mail_server.messages) == 1


def test_what_is_being_sent_is_not_sent_again(mail_server):
    email = send()
    QueuedTask.objects.all().delete()
    assert mailing._claim(email.pk) is not None

    assert mail.send_again(Email.objects.all()) == 0


def test_without_a_server_the_list_says_so_and_sends_nothing(organization, failed, settings):
    owner = factories.make_user(organization=organization)
    settings.EMAIL_SERVER = None
    waiting = mail.send("other@example.com", "Waiting", TEMPLATE, CONTEXT, organization)

    again(owner, waiting)

    page = log_in(owner).get(reverse(LIST)).content.decode()
    assert "No mail server is configured." in page
    waiting.refresh_from_db()
    assert (waiting.status, waiting.due_at) == ("queued", None)


# --- With real processes ----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_cluster_sends_through_a_server_that_comes_back(mail_server, start_cluster, monkeypatch):
    monkeypatch.setenv("EMAIL_URL", mail_server.url)
    monkeypatch.setenv("EMAIL_FROM", "NoCode <nocode@example.com>")
    mail_server.stop()
    start_cluster()
    emails = [send(f"person{number}@example.com") for number in range(5)]

    eventually(lambda: Email.objects.filter(attempts=1).exclude(error="").count() == 5, what="five failures")
    mail_server.start()
    Email.objects.update(due_at=timezone.now())  # the minute is over
    QueuedTask.objects.update(due_at=timezone.now())

    eventually(lambda: Email.objects.filter(status="sent").count() == 5, what="five e-mails")
    assert sorted(message["To"] for message in mail_server.messages) == sorted(email.to for email in emails)
