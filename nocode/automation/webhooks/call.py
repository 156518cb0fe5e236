"""One call of a webhook as it arrived, before anybody has decided what to think of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from nocode.automation.webhooks.bodies import read_pairs
from nocode.foundation.callers import Address

# Credentials that arrive in headers are checked and then forgotten.
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
HIDDEN = "[hidden]"


@dataclass
class Call:
    """`headers` in lower case; `read(n)` gives at most n bytes of the body, once; `length`: None when not announced."""

    method: str
    headers: Mapping[str, str]
    query_string: str
    address: Address | None
    length: int | None
    read: Callable[[int], bytes]
    now: float
    body: bytes = field(default=b"", init=False)
    caller_id: int | None = field(default=None, init=False)  # the member it acts for, once that is proved

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    def query(self) -> dict[str, Any]:
        """The query's fields; repeated ones as lists."""
        return read_pairs(parse_qsl(self.query_string, keep_blank_values=True))

    def shown_headers(self, *secret: str) -> dict[str, str]:
        """The headers as they may be stored and shown."""
        hidden = SECRET_HEADERS.union(name.lower() for name in secret)
        return {name: HIDDEN if name in hidden else readable(value) for name, value in self.headers.items()}


def bearer_text(headers: Mapping[str, str]) -> str:
    """The token of an `Authorization: Bearer …` header; empty without one."""
    method, _space, token = headers.get("authorization", "").partition(" ")
    return token.strip() if method.lower() == "bearer" else ""


def readable(value: str) -> str:
    """A header's text: WSGI decodes as Latin-1 what senders mostly mean as UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
