"""Keys of steps: made from names, and followed where expressions read `steps.<key>`."""

import json
import re
from collections.abc import Container
from typing import Any

from django.utils.text import slugify

KEY = re.compile(r"[a-z][a-z0-9_]*")
KEY_LENGTH = 60


def free_key(taken: Container[str], label: str) -> str:
    """A key made from a label that is not taken yet, usable as `steps.<key>` in an expression."""
    base = re.sub(r"^[^a-z]+", "", slugify(label).replace("-", "_"))[: KEY_LENGTH - 4] or "step"
    number, key = 1, base
    while key in taken:
        number += 1
        key = f"{base}_{number}"
    return key


def follow(config: dict[str, Any], renamed: dict[str, str]) -> dict[str, Any]:
    """The settings with expressions that read the steps by their new keys (old → new), all at once."""
    if not renamed:
        return config
    pattern = re.compile(rf"\bsteps\.({'|'.join(map(re.escape, sorted(renamed, key=len, reverse=True)))})\b")
    text = json.dumps(config, ensure_ascii=False)
    return json.loads(pattern.sub(lambda found: f"steps.{renamed[found[1]]}", text))
