"""The socket under an outgoing call: it resolves a name once, checks what it got, connects to exactly that address,
and gives up when the time of the whole call is over, however slowly the other side drips."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from queue import Empty, SimpleQueue

import httpcore
import httpx
from django.utils.translation import gettext as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.outgoing.addresses import may_reach, parse

Resolver = Callable[[str, int], Iterable[str]]
_SLICE = 16 * 1024


class AddressRefused(PermanentFailure):
    """This address may not be called."""


class Deadline:
    """The moment at which a call must be over."""

    def __init__(self, seconds: float):
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that remain. Raises httpcore.ReadTimeout when there are none."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return seconds


def ask_system(host: str, port: int) -> list[str]:
    """The addresses of a host as the operating system knows them; it also reads `127.1`, `0x7f000001`, `2130706433`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(entry[4][0] for entry in found))


def permitted(host: str, port: int, found: list[str], allowed: Iterable[str]) -> list[str]:
    """Of the addresses of a host, those that may be reached. Raises AddressRefused when none of them may."""
    reachable = [text for text in found if may_reach(host, port, parse(text), allowed)]
    if found and not reachable:
        raise AddressRefused(
            _("%(host)s is an address inside a private network. OUTGOING_HTTP_ALLOW can permit it.") % {"host": host},
            address=found[0],
        )
    return reachable


class GuardedBackend(httpcore.NetworkBackend):
    """Opens connections only to addresses that are allowed, within the deadline."""

    def __init__(self, deadline: Deadline, resolve: Resolver, allowed: Iterable[str]):
        self._deadline = deadline
        self._resolve = resolve
        self._allowed = tuple(allowed)
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        """Connect to the first allowed address that answers; each gets its share of the time that is left."""
        addresses = self._addresses(host, port)
        failure = None
        for number, address in enumerate(addresses):
            share = self._deadline.left() / (len(addresses) - number)
            try:
                stream = self._sockets.connect_tcp(address, port, share, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failure

    def _addresses(self, host: str, port: int) -> list[str]:
        found = list(within(self._deadline, lambda: self._resolve(host, port)))
        if not found:
            raise httpcore.ConnectError(_("%(host)s has no address.") % {"host": host})
        return permitted(host, port, found, self._allowed)


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends with the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline):
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes, timeout=None):
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer, timeout=None):
        for start in range(0, len(buffer), _SLICE):
            self._stream.write(buffer[start : start + _SLICE], self._deadline.left())

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        inner = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _TimedStream(inner, self._deadline)

    def close(self):
        self._stream.close()

    def get_extra_info(self, info):
        return self._stream.get_extra_info(info)


class GuardedTransport(httpx.HTTPTransport):
    """httpx's transport over the guarded sockets. Host header, SNI and certificate check keep the name."""

    def __init__(self, deadline: Deadline, resolve: Resolver, allowed: Iterable[str]):
        super().__init__(verify=_tls(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), network_backend=GuardedBackend(deadline, resolve, allowed)
        )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Built once: reading the certificates takes tens of milliseconds."""
    return httpx.create_ssl_context()


def within(deadline: Deadline, work: Callable):
    """The result of `work`, which may block for longer than we will wait (a name server that is silent)."""
    answers: SimpleQueue = SimpleQueue()

    def run() -> None:
        try:
            answers.put((work(), None))
        except (OSError, UnicodeError) as error:
            answers.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = answers.get(timeout=deadline.left())
    except Empty:
        raise httpcore.ConnectTimeout("no answer from the name server") from None
    if error:
        raise httpcore.ConnectError(str(error)) from error
    return result
