"""Keeps credentials we sent out of what comes back: many services quote the request in their answer.

This is for accidents. Who must not learn a credential must not receive it: see the hosts of an integration.
"""

import html
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "•••"
# Shorter texts occur everywhere by chance, and an answer full of holes is no use.
SHORTEST = 8


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
