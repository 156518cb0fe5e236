"""Both halves of a field type agree: what `clean` makes of a text, `from_text` makes of it in PostgreSQL."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2 import sql

from nocode.studio.fields import FieldType, field_types

OPTIONS = ["New", "Won", "WON", "Réglé", "Straße", "İstanbul", "a, b", "[c]", "ΣΊΣΥΦΟΣ"]

# Each kind with the settings it is tried with.
TRIED: list[tuple[str, dict[str, Any]]] = [
    ("text", {"max_length": 20}),
    ("text", {}),
    ("long_text", {}),
    ("long_text", {"max_length": 5}),
    ("email", {}),
    ("url", {}),
    ("phone", {}),
    ("integer", {}),
    ("integer", {"min": "-5", "max": "1000.5"}),
    ("decimal", {}),
    ("decimal", {"decimals": 2, "min": "0"}),
    ("boolean", {}),
    ("select", {"options": OPTIONS}),
    ("multi_select", {"options": OPTIONS}),
    ("date", {}),
    ("date", {"date_order": "dmy"}),
    ("date", {"date_order": "mdy", "min": "1999-12-31", "max": "2026-02-28"}),
    ("datetime", {}),
    ("datetime", {"date_order": "dmy", "max": "2026-03-29T00:30:00+00:00"}),
    ("time", {}),
    ("json", {}),
    ("rich_text", {}),
    ("currency", {}),
    ("currency", {"currency": "CAD", "decimals": 0, "max": "1000000"}),
    ("percent", {}),
    ("percent", {"decimals": 1, "min": "0", "max": "1"}),
    ("duration", {}),
    ("uuid", {}),
    ("user", {}),
    ("file", {"most": 2}),
]
CASES = pytest.mark.parametrize(("kind", "config"), TRIED, ids=lambda each: each if isinstance(each, str) else "")

# Pieces that a number, a date, an address or a list is made of, put together at random.
PIECES = st.lists(
    st.sampled_from(
        [*"0123456789", *"+-−.,:;/ '’()[]{}\"%€$@#xehTZpm", "\u00a0", "\u202f", "\u2003", "\x1f", "\n", "\r\n", "\t"]
        + ["12", "000", "2026", "1999", "-02-", "29", "/03/", "12:30", "T00:00", "+02:00", " pm", "1e", "999", "24"]
        + ["true", "OUI", "faux", "yes", "ſ", "K", "ada@", "example.com", "http://", "www.", "é", "ß", "ﬀ", "EUR"]
        + ["new", "RÉGLÉ", "won", "STRASSE", "i̇stanbul", "σίσυφος", "null", "1h30", " min", " d ", "day"]
    ),
    max_size=8,
).map("".join)
ANY_TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)
DATES = st.datetimes().map(lambda moment: moment.isoformat(" ")) | st.dates().map(str)
MOMENTS = st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat())
DAYS = st.tuples(*(st.integers(0, 35),) * 2, st.integers(0, 3000), st.sampled_from("/-.")).map(
    lambda parts: f"{parts[0]}{parts[3]}{parts[1]}{parts[3]}{parts[2]:04}"
)
NUMBERS = (st.decimals() | st.floats() | st.integers()).map(str) | st.decimals(places=2, allow_nan=False).map(
    lambda number: f"{number:,}" if abs(number) < 10**20 else str(number)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=10,
).map(json.dumps)
FILES = st.lists(
    st.fixed_dictionaries(
        {"id": st.uuids().map(str) | st.just("X"), "name": ANY_TEXT, "type": st.just("image/png") | st.none()},
        optional={"size": st.integers() | st.booleans(), "more": st.none()},
    ),
    max_size=3,
).map(json.dumps)
TEXTS = st.lists(PIECES | ANY_TEXT | DATES | MOMENTS | DAYS | NUMBERS | JSON | FILES, min_size=10, max_size=60)


def by_python(field_type: FieldType, texts: Iterable[str], config: dict) -> list[Any]:
    """What `clean` makes of texts, as answers carry it; None where it refuses."""
    found = []
    for text in texts:
        try:
            value = field_type.clean(text, config)
        except ValidationError:
            value = None
        if value is not None and field_type.column != "jsonb":
            value = field_type.to_json(value)
        found.append(value)
    return found


def by_sql(field_type: FieldType, texts: Iterable[str], config: dict) -> list[Any]:
    """The same by the expression that imports and changes of type use."""
    with connection.cursor() as cursor:
        statement = sql.SQL("SELECT {} FROM unnest({}::text[]) WITH ORDINALITY AS _(t, place) ORDER BY place")
        value = field_type.from_text(sql.Identifier("t"), config)
        cursor.execute(statement.format(value, sql.Literal(list(texts))))
        return [None if value is None else field_type.to_json(value) for (value,) in cursor.fetchall()]


def compare(kind: str, config: dict, texts: list[str]) -> None:
    field_type = field_types[kind]
    expected, found = by_python(field_type, texts, config), by_sql(field_type, texts, config)
    differing = [each for each in zip(texts, expected, found, strict=True) if as_floats(each[1]) != as_floats(each[2])]
    assert not differing


def as_floats(value: Any) -> Any:
    """With the numbers of JSON as Python's json reads 1e3, wherever they have a point or not."""
    return json.loads(json.dumps(value), parse_int=float)


@pytest.mark.django_db
@CASES
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS)
def test_sql_reads_a_text_as_python_does(kind, config, texts):
    compare(kind, config, texts)


@pytest.mark.django_db
@CASES
def test_naughty_strings_are_read_alike(kind, config, shared_data):
    lines = json.loads((shared_data / "strings/blns/blns.json").read_text(encoding="utf-8"))
    compare(kind, config, [line for line in lines if "\x00" not in line])
