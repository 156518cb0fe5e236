"""From names in a database to labels people read: order_details becomes Order details."""

import re
from collections.abc import Collection

from nocode.studio.errors import NameRefused
from nocode.studio.schema import names

_BETWEEN = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\s]+")
_KEY = re.compile(r"(?<=.)[_\s]*(?:\bid|_id|Id|ID)$")


def readable(name: str, otherwise: str, taken: Collection[str]) -> str:
    """A label for a name; `otherwise` when there is nothing in it to read. A number tells it from those taken."""
    words = " ".join(part for part in _BETWEEN.split(name) if part)
    label = words[:1].upper() + (words[1:].lower() if words.isupper() else words[1:])
    try:
        label = names.clean_label(label[: names.LABEL_MAX - 6])
    except NameRefused:
        label = otherwise
    free, number = label, 1
    while free in taken:
        number += 1
        free = f"{label} ({number})"
    return free


def without_id(name: str) -> str:
    """The name of a column that leads to another table, by what it leads to: customer_id is the customer."""
    return _KEY.sub("", name) or name
