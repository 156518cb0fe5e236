"""The mail server: hands a message over, and tells what can be tried again from what cannot."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError

PATIENCE = 10  # seconds the server has for each answer


class NoMailServer(NoCodeError):
    """No mail server is configured."""


class MailPostponed(NoCodeError):
    """The mail server cannot take this e-mail now."""


class MailRefused(NoCodeError):
    """The mail server will never take this e-mail."""


def is_configured() -> bool:
    """Whether this installation can send e-mails."""
    return settings.EMAIL_SERVER is not None


def check_configured() -> None:
    """Refuse when this installation cannot send e-mails."""
    if not is_configured():
        raise NoMailServer(_("No mail server is configured. Set EMAIL_URL and EMAIL_FROM."))


def hand_over(message: EmailMessage) -> None:
    """Return when the server has taken the message; raise MailPostponed or MailRefused when it has not."""
    with _connection() as message.connection:
        try:
            message.send()
        except UnicodeError as error:
            raise MailRefused(_("This address cannot be written in an e-mail.")) from error


def check_server() -> None:
    """Connect and log in, and send nothing. Raises MailPostponed with what the server says."""
    with _connection() as connection:
        connection.open()


@contextmanager
def _connection() -> Iterator[EmailBackend]:
    check_configured()
    connection = EmailBackend(**settings.EMAIL_SERVER, timeout=PATIENCE)
    try:
        yield connection
    except smtplib.SMTPRecipientsRefused as error:
        [(code, words)] = error.recipients.values()
        raise _as_problem(code, words) from error
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise _as_problem(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPResponseException as error:  # of the greeting or the log-in: about the server, not the message
        raise MailPostponed(_words(error.smtp_code, error.smtp_error)) from error
    except OSError as error:
        raise MailPostponed(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _as_problem(code: int, words: bytes | str) -> NoCodeError:
    problem = MailRefused if code >= 500 else MailPostponed
    return problem(_words(code, words))


def _words(code: int, words: bytes | str) -> str:
    """What the server said, fit for a screen and for the database."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.replace(chr(0), '').split())}"
