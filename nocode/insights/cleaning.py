"""Makes anything fit to be stored with an activity: no NUL, nothing that is not text, nothing over-long, no secret."""

from typing import Any

from nocode.automation.outgoing.concealing import MASK, looks_secret

LONGEST_VALUE = 500
MOST_VALUES = 50
DEEPEST = 4


def text(value: Any, limit: int) -> str:
    """A text PostgreSQL takes, cut to a column's length."""
    return str(value).encode("utf-8", "replace").decode().replace("\0", "")[:limit]


def details(values: dict[str, Any], depth: int = 1) -> dict[str, Any]:
    """Details as plain JSON; what carries a secret by its name is masked."""
    shown = list(values.items())[:MOST_VALUES]
    return {
        text(name, LONGEST_VALUE): MASK if looks_secret(str(name)) and value else _plain(value, depth)
        for name, value in shown
    }


def _plain(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # JSON knows neither NaN nor infinity
    if isinstance(value, dict):
        return details(value, depth + 1) if depth < DEEPEST else text(value, LONGEST_VALUE)
    if isinstance(value, list | tuple | set | frozenset):
        if depth >= DEEPEST:
            return text(value, LONGEST_VALUE)
        return [_plain(each, depth + 1) for each in list(value)[:MOST_VALUES]]
    return text(value.isoformat() if hasattr(value, "isoformat") else value, LONGEST_VALUE)
