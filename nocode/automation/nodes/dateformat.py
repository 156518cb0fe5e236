"""Dates as people write them, with the letters that expressions use too: yyyy-MM-dd HH:mm. Names are English."""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone

from django.utils.translation import gettext as _

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

_TOKEN = re.compile(r"'([^']*)'|([yMLdHhmsSEcZoqaWkxX])\2*")
_READ = {
    "yyyy": ("year", r"\d{4}"),
    "y": ("year", r"\d{1,4}"),
    "yy": ("short", r"\d{2}"),
    "MM": ("month", r"\d{2}"),
    "M": ("month", r"\d{1,2}"),
    "MMM": ("name", r"[^\W\d_]{3}"),
    "MMMM": ("name", r"[^\W\d_]+"),
    "dd": ("day", r"\d{2}"),
    "d": ("day", r"\d{1,2}"),
    "HH": ("hour", r"\d{2}"),
    "H": ("hour", r"\d{1,2}"),
    "hh": ("half", r"\d{2}"),
    "h": ("half", r"\d{1,2}"),
    "mm": ("minute", r"\d{2}"),
    "m": ("minute", r"\d{1,2}"),
    "ss": ("second", r"\d{2}"),
    "s": ("second", r"\d{1,2}"),
    "SSS": ("milli", r"\d{3}"),
    "a": ("half_of_day", r"[AaPp]\.?[Mm]\.?"),
    "EEE": ("", r"[^\W\d_]{3}"),
    "EEEE": ("", r"[^\W\d_]+"),
    "Z": ("offset", r"Z|[+-]\d{1,2}(?::?\d{2})?"),
    "ZZ": ("offset", r"Z|[+-]\d{2}:\d{2}"),
    "ZZZ": ("offset", r"Z|[+-]\d{4}"),
    "X": ("seconds", r"-?\d{1,12}"),
    "x": ("millis", r"-?\d{1,15}"),
}


def last_day(year: int, month: int) -> int:
    """How many days a month has."""
    return monthrange(year, month)[1]


def write(moment: datetime, format: str) -> str:
    """The moment in a format; what is between apostrophes stays as it is."""
    return _TOKEN.sub(lambda token: token[1] if token[1] is not None else _written(moment, token[0]), format)


def _written(moment: datetime, token: str) -> str:
    minutes = int(moment.utcoffset().total_seconds()) // 60
    sign, hours, rest = ("-" if minutes < 0 else "+"), abs(minutes) // 60, abs(minutes) % 60
    numbers = {
        "y": moment.year,
        "M": moment.month,
        "L": moment.month,
        "d": moment.day,
        "H": moment.hour,
        "h": moment.hour % 12 or 12,
        "m": moment.minute,
        "s": moment.second,
        "S": moment.microsecond // 1000,
        "o": moment.timetuple().tm_yday,
        "q": (moment.month + 2) // 3,
        "W": moment.isocalendar().week,
        "E": moment.isoweekday(),
        "c": moment.isoweekday(),
        "k": moment.isocalendar().year,
    }
    words = {
        "yy": f"{moment.year % 100:02}",
        **dict.fromkeys(["MMMM", "LLLL"], MONTHS[moment.month - 1]),
        **dict.fromkeys(["MMM", "LLL"], MONTHS[moment.month - 1][:3]),
        **dict.fromkeys(["EEEE", "cccc"], DAYS[moment.weekday()]),
        **dict.fromkeys(["EEE", "ccc"], DAYS[moment.weekday()][:3]),
        "a": "AM" if moment.hour < 12 else "PM",
        "Z": f"{sign}{hours}" + (f":{rest:02}" if rest else ""),
        "ZZ": f"{sign}{hours:02}:{rest:02}",
        "ZZZ": f"{sign}{hours:02}{rest:02}",
        "X": str(int(moment.timestamp())),
        "x": str(int(moment.timestamp() * 1000)),
    }
    if token in words:
        return words[token]
    return str(numbers[token[0]]).zfill(len(token)) if token[0] in numbers else token


def parse(text: str, format: str) -> datetime:
    """The moment a text in a format means; without an offset in it, the moment has none. Raises ValueError."""
    names: list[str] = []
    pattern, position = "", 0
    for token in _TOKEN.finditer(format):
        pattern += re.escape(format[position : token.start()])
        position = token.end()
        if token[1] is not None:
            pattern += re.escape(token[1])
            continue
        if token[0] not in _READ:
            raise ValueError(_("dates cannot be read by “%s”.") % token[0])
        name, read = _READ[token[0]]
        names.append(name)
        pattern += f"({read})"
    found = re.fullmatch(pattern + re.escape(format[position:]), text.strip(), re.IGNORECASE | re.ASCII)
    if found is None:
        raise ValueError(_("“%(text)s” is not written as %(format)s.") % {"text": text[:60], "format": format})
    return _built(dict(zip(names, found.groups(), strict=True)))


def _built(parts: dict[str, str]) -> datetime:
    if "seconds" in parts or "millis" in parts:
        seconds = int(parts["seconds"]) if "seconds" in parts else int(parts["millis"]) / 1000
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError):
            raise ValueError(_("%s is too far away for a date.") % seconds) from None
    year = int(parts["year"]) if "year" in parts else 2000 + int(parts["short"]) if "short" in parts else 1970
    month = _month(parts["name"]) if "name" in parts else int(parts.get("month", 1))
    try:
        return datetime(
            year,
            month,
            int(parts.get("day", 1)),
            _hour(parts),
            int(parts.get("minute", 0)),
            int(parts.get("second", 0)),
            int(parts.get("milli", 0)) * 1000,
            _offset(parts.get("offset", "")),
        )
    except ValueError:
        raise ValueError(_("there is no such day or time.")) from None


def _month(name: str) -> int:
    for number, month in enumerate(MONTHS, start=1):
        if name.lower() in (month.lower(), month[:3].lower()):
            return number
    raise ValueError(_("there is no month “%s”; names are English.") % name)


def _hour(parts: dict[str, str]) -> int:
    if "half" not in parts:
        return int(parts.get("hour", 0))
    afternoon = parts.get("half_of_day", "a")[0].lower() == "p"
    return int(parts["half"]) % 12 + (12 if afternoon else 0)


def _offset(text: str) -> timezone | None:
    if not text:
        return None
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    delta = timedelta(hours=hours, minutes=minutes)
    return timezone(-delta if text[0] == "-" else delta)
