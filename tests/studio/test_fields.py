"""What each field type accepts, stores and answers."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from nocode.studio.fields import field_types

UTC = dt.UTC


@pytest.mark.parametrize("field_type", list(field_types), ids=lambda each: each.kind)
def test_every_type_is_complete(field_type):
    settings = {"options": ["a"]}

    assert field_type.label
    assert type(field_type).__doc__
    assert field_type.clean(None, settings) is None
    assert field_type.clean("  ", settings) is None
    assert field_type.form_field(settings, required=False).clean("") in ("", None, [])


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "Zoé", "Zoé"),
        ("text", "one line\r\n", "one line"),
        ("text", 12, "12"),
        ("text", True, "true"),
        ("long_text", "a\nb", "a\nb"),
        ("email", " Ada@Example.com ", "Ada@Example.com"),
        ("integer", "42", 42),
        ("integer", 42.0, 42),
        ("integer", "1e3", 1000),
        ("integer", -(2**63), -(2**63)),
        ("decimal", "12.5", Decimal("12.5")),
        ("decimal", 0.1 + 0.2, Decimal("0.3")),
        ("decimal", 10**20, Decimal(10**20)),
        ("boolean", True, True),
        ("boolean", "true", True),
        ("boolean", 1, True),
        ("boolean", "No", False),
        ("date", "2026-02-28", dt.date(2026, 2, 28)),
        ("datetime", "2026-11-23T14:30:00Z", dt.datetime(2026, 11, 23, 14, 30, tzinfo=UTC)),
        ("datetime", "2026-11-23T14:30:00+02:00", dt.datetime(2026, 11, 23, 12, 30, tzinfo=UTC)),
        ("datetime", "2026-11-23", dt.datetime(2026, 11, 23, tzinfo=UTC)),
        ("json", {"a": [1, None]}, {"a": [1, None]}),
        ("json", '[1, "x"]', [1, "x"]),
        ("json", "just words", "just words"),
        ("json", False, False),
    ],
)
def test_value_is_understood(kind, value, expected):
    cleaned = field_types[kind].clean(value, {})

    assert cleaned == expected
    assert type(cleaned) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("text", {"a": 1}, "list or an object"),
        ("text", "a\x00b", "NUL"),
        ("text", "a\ud800b", "surrogate"),
        ("text", "x" * 256, "256 characters; at most 255"),
        ("text", "a\nb", "several lines"),
        ("email", "ada@", "not an e-mail"),
        ("integer", 1.5, "not a whole number"),
        ("integer", "abc", "not a number"),
        ("integer", True, "not a number"),
        ("integer", 2**63, "too large"),
        ("integer", "1e999", "too large"),
        ("integer", "1_000", "not a number"),
        ("integer", "١٢", "not a number"),
        ("decimal", "1,234", "write for example 1234.56"),
        ("decimal", "NaN", "not a number"),
        ("decimal", float("inf"), "not a number"),
        ("decimal", "1e40", "too large"),
        ("decimal", "9" * 5000, "not a number"),
        ("boolean", 2, "neither true nor false"),
        ("date", "2026-02-30", "not a date"),
        ("date", "2026-11-23T10:00:00Z", "not a date"),
        ("date", 20261123, "not a date"),
        ("datetime", "yesterday", "not a date and time"),
        ("datetime", "0001-01-01T00:00:00+10:00", "not a date and time"),
        ("datetime", 1700000000, "not a date and time"),
        ("json", "[1,", "not JSON"),
        ("json", "[" * 100_000, "nested too deeply"),
        ("json", {"a": float("nan")}, "NaN"),
        ("json", {"a\x00": 1}, "NUL"),
        ("json", {"a": object()}, "not JSON (object)"),
    ],
)
def test_bad_value_is_refused_with_a_reason(kind, value, words):
    with pytest.raises(ValidationError) as refusal:
        field_types[kind].clean(value, {})

    assert words in refusal.value.messages[0]


def test_decimals_are_never_rounded_in_silence():
    with pytest.raises(ValidationError, match="more than 2 decimals"):
        field_types["decimal"].clean("1.005", {"decimals": 2})

    assert field_types["decimal"].clean("1.500", {"decimals": 1}) == Decimal("1.5")


@pytest.mark.parametrize(
    ("stored", "answer"),
    [
        (Decimal("12.50"), 12.5),
        (Decimal("100"), 100),
        (Decimal("123456789012345.6"), "123456789012345.6"),
        (Decimal("1E+20"), 1e20),
        (Decimal("0.1"), 0.1),
    ],
)
def test_decimal_is_a_json_number_only_while_exact(stored, answer):
    value = field_types["decimal"].to_json(stored)

    assert value == answer
    assert type(value) is type(answer)


def test_choice_takes_the_written_option():
    settings = {"options": ["New", "Won", "WON"]}

    assert field_types["select"].clean("new", settings) == "New"
    assert field_types["select"].clean("won", settings) == "Won"
    assert field_types["select"].clean("WON", settings) == "WON"
    with pytest.raises(ValidationError, match="New, Won, WON"):
        field_types["select"].clean("lost", settings)


@pytest.mark.parametrize(
    ("zone", "moment"), [("America/New_York", "0001-01-01T00:00:00Z"), ("Europe/Paris", "9999-12-31T23:59:00Z")]
)
def test_a_moment_that_is_no_date_where_it_is_shown_is_refused(settings, zone, moment):
    settings.TIME_ZONE = zone

    with pytest.raises(ValidationError, match="not a date and time"):
        field_types["datetime"].clean(moment, {})


def test_naive_moment_belongs_to_the_installation(settings):
    settings.TIME_ZONE = "Europe/Paris"

    assert field_types["datetime"].clean("2026-07-01T12:00", {}) == dt.datetime(2026, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", " spaces "),
        ("long_text", "a\r\n\r\nb "),
        ("decimal", 0.00000012),
        ("decimal", "123456789012345.678"),
        ("datetime", "2026-11-23T14:30:59.123456Z"),
        ("boolean", False),
        ("json", {"a": "é", "b": [1.5]}),
        ("json", "text"),
        ("select", "a"),
    ],
)
def test_untouched_form_changes_nothing(kind, value):
    field_type, settings = field_types[kind], {"options": ["a"]}
    field = field_type.form_field(settings, required=False)
    shown = field_type.to_form(value)
    sent = str(shown).replace("\r\n", "\n").replace("\n", "\r\n")  # as a browser sends it

    assert not field.has_changed(shown, sent)


def test_json_scalars_survive_the_form():
    field = field_types["json"].form_field({}, required=False)

    assert field.clean('"text"') == "text"
    assert field.clean("5") == 5
    with pytest.raises(ValidationError, match="line 1"):
        field.clean("{oops")
