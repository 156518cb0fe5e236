"""E-mails to a mail server: this installation's own, or one that somebody entered, which is guarded like any address.

Tells what may go well later (TransientFailure) from what will not (PermanentFailure), in the server's words.
"""

import base64
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Timer

import httpcore
from django.conf import settings
from django.core.mail.utils import DNS_NAME
from django.utils.translation import gettext as _

from nocode.automation.errors import PermanentFailure, StepFailure, TransientFailure
from nocode.automation.outgoing.concealing import conceal
from nocode.automation.outgoing.wire import Deadline, ask_system, permitted, within

PATIENCE = 15  # seconds the server has for each answer
LIMIT = 90  # and for the whole conversation, however slowly it drips


class MailRefused(PermanentFailure):
    """The mail server refuses this e-mail."""


class MailPostponed(TransientFailure):
    """The mail server cannot take this e-mail now."""


@dataclass(frozen=True)
class MailServer:
    """Where e-mails are handed over. `security`: none, starttls or tls. A guarded one must not be in our network."""

    host: str
    port: int
    security: str = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    is_guarded: bool = True

    @classmethod
    def of_installation(cls) -> "MailServer":
        """The server this installation is configured with; its operator vouches for it."""
        own = settings.EMAIL_SERVER
        security = "tls" if own["use_ssl"] else "starttls" if own["use_tls"] else "none"
        return cls(own["host"], own["port"], security, own["username"], own["password"], is_guarded=False)


def send(server: MailServer, sender: str, recipients: Sequence[str], message: bytes) -> dict[str, str]:
    """Hand a message over; returns the recipients that were refused, with the server's words, if it took the others."""
    with _session(server) as session:
        refused = session.sendmail(sender, list(recipients), message)
    return {address: _said(server, *answer) for address, answer in refused.items()}


def check(server: MailServer) -> None:
    """Connect, log in, and send nothing."""
    with _session(server) as session:
        code, words = session.noop()
        if code >= 400:
            raise smtplib.SMTPResponseException(code, words)


@contextmanager
def _session(server: MailServer) -> Iterator[smtplib.SMTP]:
    session = None
    try:
        session = _open(server)
        yield session
    except StepFailure:
        raise
    except smtplib.SMTPRecipientsRefused as error:
        answers = error.recipients.values()
        words = "; ".join(f"{address}: {_said(server, *answer)}" for address, answer in error.recipients.items())
        raise _failure(min(code for code, _words in answers), words) from error
    except smtplib.SMTPResponseException as error:
        raise _failure(error.smtp_code, _said(server, error.smtp_code, error.smtp_error)) from error
    except (smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError) as error:
        raise MailRefused(_("The mail server %(host)s: %(why)s") % {"host": server.host, "why": error}) from error
    except OSError as error:  # smtplib's other errors are of this kind too
        names = {"host": server.host, "port": server.port, "why": str(error) or type(error).__name__}
        raise MailPostponed(_("The mail server %(host)s:%(port)d cannot be reached: %(why)s") % names) from error
    finally:
        if session is not None:
            session.end()


def _open(server: MailServer) -> smtplib.SMTP:
    kind = _TlsSession if server.security == "tls" else _Session
    session = kind(server)
    try:
        if server.security == "starttls":
            session.starttls(context=ssl.create_default_context())
        if server.username:
            session.login(server.username, server.password)
    except BaseException:
        session.end()
        raise
    return session


class _Session(smtplib.SMTP):
    """A conversation over a socket that leads only where it may, and that ends in time."""

    def __init__(self, server: MailServer, **options):
        self.server = server
        self.alarm: Timer | None = None
        super().__init__(server.host, server.port, local_hostname=DNS_NAME.get_fqdn(), timeout=PATIENCE, **options)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        opened = _connect(self.server, timeout)
        self.alarm = Timer(LIMIT, _shut, [opened])
        self.alarm.daemon = True
        self.alarm.start()
        return opened

    def end(self) -> None:
        """Say goodbye; whatever comes back changes nothing any more."""
        with suppress(smtplib.SMTPException, OSError):
            self.quit()

    def close(self) -> None:
        if self.alarm:
            self.alarm.cancel()
        super().close()


class _TlsSession(_Session):
    """The same, encrypted from the first byte."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = super()._get_socket(host, port, timeout)
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _connect(server: MailServer, timeout: float) -> socket.socket:
    """To the first address that answers, of those that may be reached."""
    try:
        found = list(within(Deadline(timeout), lambda: ask_system(server.host, server.port)))
    except (httpcore.NetworkError, httpcore.TimeoutException) as error:
        raise OSError(str(error)) from error
    if server.is_guarded:
        found = permitted(server.host, server.port, found, settings.OUTGOING_HTTP_ALLOW)
    failure = OSError(_("%(host)s has no address.") % {"host": server.host})
    for address in found:
        try:
            return socket.create_connection((address, server.port), timeout)
        except OSError as error:
            failure = error
    raise failure


def _shut(opened: socket.socket) -> None:
    """Whoever waits on this socket waits no longer."""
    with suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)


def _failure(code: int, words: str) -> StepFailure:
    return MailRefused(words) if code >= 500 else MailPostponed(words)


def _said(server: MailServer, code: int, words: bytes | str) -> str:
    """What the server said, fit for a screen and for the database; should it quote the password, masked."""
    text = words if isinstance(words, bytes) else words.encode()
    pair = f"\0{server.username}\0{server.password}".encode()
    secrets = [server.password, *(base64.b64encode(each).decode() for each in (server.password.encode(), pair))]
    shown = conceal(text, secrets if server.password else []).decode(errors="replace")
    return f"{code} {' '.join(shown.replace(chr(0), '').split())}"[:1000]
