"""The address `up` serves on."""

import errno
import socket

from nocode.setup.errors import SetupError

DEFAULT_PORT = 8000
TRIES = 20
ANY = ("0.0.0.0", "::", "")  # noqa: S104 — compared with, not bound to


def listen(host: str, port: int | None) -> socket.socket:
    """Bind before anything else starts. A port that was asked for is used or refused; without one, the next free."""
    if port is not None and not 0 <= port <= 65535:
        raise SetupError(f"{port} is not a port: they go from 0 (any) to 65535.")
    ports = range(DEFAULT_PORT, DEFAULT_PORT + TRIES) if port is None else [port]
    for candidate in ports:
        try:
            return _bind(host, candidate)
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise SetupError(f"Cannot listen on {host} port {candidate}: {problem.strerror}.") from problem
    if port is None:
        raise SetupError(f"The ports {ports[0]} to {ports[-1]} are all in use. Choose one with --port.")
    raise SetupError(f"Port {port} is in use. Choose another one, for example --port {port + 1}.")


def url(listener: socket.socket) -> str:
    """The address to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if host in ANY:
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def is_local(listener: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    return listener.getsockname()[0] in ("127.0.0.1", "::1")


def _bind(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
    listener = socket.create_server(address, family=family, backlog=512)
    # Connections inherit it. The web server sends head and body apart; without this the body would wait until the
    # other side acknowledges the head, which it may put off for 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
