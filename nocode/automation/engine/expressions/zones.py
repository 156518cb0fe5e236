"""Time zones for a sandbox that has none: the moments at which an offset changes, from Python's own database."""

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2070, 1, 1, tzinfo=UTC)
STRIDE, MINUTE = timedelta(days=14), timedelta(minutes=1)


@lru_cache(maxsize=64)
def table(name: str) -> str:
    """JSON `{"at": [ms, …], "offset": [seconds, …]}`, or `null` for an unknown zone. Nothing changes after 2070."""
    try:
        zone = ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return "null"
    at, offsets = [0], [_offset(zone, FIRST)]
    moment = FIRST
    while moment < LAST:
        following = moment + STRIDE
        if _offset(zone, following) != offsets[-1]:
            change = _change(zone, moment, following)
            at.append(int(change.timestamp() * 1000))
            offsets.append(_offset(zone, change))
            following = change
        moment = following
    return json.dumps({"at": at, "offset": offsets})


def _offset(zone: ZoneInfo, moment: datetime) -> int:
    return int(moment.astimezone(zone).utcoffset().total_seconds())


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first minute of the new offset, between two moments that differ."""
    before = _offset(zone, low)
    left, right = 0, (high - low) // MINUTE
    while right - left > 1:
        middle = (left + right) // 2
        if _offset(zone, low + middle * MINUTE) == before:
            left = middle
        else:
            right = middle
    return low + right * MINUTE
