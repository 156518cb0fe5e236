"""Keeps credentials we sent out of what is written down: of the request itself, and of what comes back.

The second because many services quote the request in their answer. This is for accidents: who must not learn a
credential must not receive it, see the hosts of an integration.
"""

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote_plus

MASK = "•••"
# Shorter texts occur everywhere by chance, and an answer full of holes is no use.
SHORTEST = 8

_SECRET_WORDS = ("authorization", "cookie", "token", "secret", "key", "passw", "pwd", "signature", "credential")
_USER = re.compile(r"^((?:\s*[a-z][a-z0-9+.-]*:)?//)?[^/?#]*@", re.IGNORECASE)
_PARAMETER = re.compile(r"([?&#])([^=&#]*)=([^&#]+)")


def looks_secret(name: str) -> bool:
    """Whether a header or parameter of this name carries a secret, as far as its name tells."""
    return name.lower() == "sig" or any(word in name.lower() for word in _SECRET_WORDS)


def showable(address: str) -> str:
    """An address without the user and password before its host, and without parameters that look secret."""
    return _PARAMETER.sub(_masked, _USER.sub(rf"\1{MASK}@", address))


def _masked(found: re.Match) -> str:
    mark, name, value = found.groups()
    return f"{mark}{name}={MASK if looks_secret(unquote_plus(name)) else value}"


def spellings(secrets: Iterable[str]) -> list[str]:
    """The secrets as they may be written in an answer: plain, in JSON, in an address, in HTML; longest first."""
    found = set()
    for secret in secrets:
        if len(secret) < SHORTEST:
            continue
        for text in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
            found |= {text, text.replace("/", "\\/")}
        found |= {quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret)}
    return sorted(found, key=lambda text: (-len(text), text))


def conceal(data: bytes, secrets: Iterable[str]) -> bytes:
    """The bytes with every secret masked."""
    for text in spellings(secrets):
        data = data.replace(text.encode(), MASK.encode())
    return data
