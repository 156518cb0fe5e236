"""The kinds of fields beyond text and numbers: what they understand, refuse, show and export."""

import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from nocode.studio.fields import field_types

CHOICES = {"options": ["New", "Won", "a, b"]}


@pytest.mark.parametrize(
    ("kind", "settings", "value", "expected"),
    [
        ("integer", {}, "1 234", 1234),
        ("integer", {}, "1,234,567", 1234567),
        ("decimal", {}, "1\u202f234,56", Decimal("1234.56")),
        ("decimal", {}, "1,234.56", Decimal("1234.56")),
        ("decimal", {}, "1.234,56", Decimal("1234.56")),
        ("decimal", {}, "1'234.56", Decimal("1234.56")),
        ("decimal", {}, "\u221212,5", Decimal("-12.5")),
        ("currency", {}, "€ 12", Decimal(12)),
        ("currency", {}, "-1 234,56 €", Decimal("-1234.56")),
        ("currency", {"currency": "CAD"}, "CA$12.50", Decimal("12.50")),
        ("currency", {"currency": "JPY"}, "¥1200", Decimal(1200)),
        ("percent", {}, "12.5 %", Decimal("0.125")),
        ("percent", {}, 0.25, Decimal("0.25")),
        ("boolean", {}, "OUI", True),
        ("boolean", {}, "faux", False),
        ("multi_select", CHOICES, "won; NEW; won", ["Won", "New"]),
        ("multi_select", CHOICES, '["a, b"]', ["a, b"]),
        ("multi_select", CHOICES, ["new"], ["New"]),
        ("date", {}, "2026/2/8", dt.date(2026, 2, 8)),
        ("date", {"date_order": "dmy"}, "03/04/2026", dt.date(2026, 4, 3)),
        ("date", {"date_order": "mdy"}, "03/04/2026", dt.date(2026, 3, 4)),
        ("datetime", {"date_order": "dmy"}, "3.4.2026 2:05 pm", dt.datetime(2026, 4, 3, 14, 5, tzinfo=dt.UTC)),
        ("time", {}, "14h30", dt.time(14, 30)),
        ("time", {}, "12:05 am", dt.time(0, 5)),
        ("duration", {}, "1:30", 5400),
        ("duration", {}, "1h30", 5400),
        ("duration", {}, "2 d 3 h 4 min 5 s", 2 * 86400 + 3 * 3600 + 4 * 60 + 5),
        ("duration", {}, 90, 90),
        ("url", {}, "www.example.com/é?q=[1]", "https://www.example.com/é?q=[1]"),
        ("phone", {}, " +33 1 23 45 67 89 ", "+33 1 23 45 67 89"),
        ("uuid", {}, "{0123456789abcdef0123456789ABCDEF}", UUID("01234567-89ab-cdef-0123-456789abcdef")),
        ("rich_text", {}, "# Title", "# Title"),
    ],
)
def test_value_is_understood(kind, settings, value, expected):
    cleaned = field_types[kind].clean(value, settings)

    assert cleaned == expected
    assert type(cleaned) is type(expected)


@pytest.mark.parametrize(
    ("kind", "settings", "value", "words"),
    [
        ("integer", {}, "1,234", "not a number"),
        ("integer", {"min": "3"}, 2, "at least 3"),
        ("decimal", {"max": "2.5"}, "2.51", "at most 2.5"),
        ("decimal", {}, "12,34,56", "not a number"),
        ("decimal", {}, "123456789012345678901234567.1234567890123456", "more than 15 decimals"),
        ("currency", {}, "$ 12", "not a number"),
        ("currency", {}, "12.345", "more than 2 decimals"),
        ("percent", {"max": "1"}, "101 %", "at most 1"),
        ("multi_select", CHOICES, "Won, lost", "“lost” is not one of the options"),
        ("multi_select", CHOICES, [1], "not a list of texts"),
        ("date", {}, "03/04/2026", "not a date"),
        ("date", {"date_order": "dmy"}, "30/02/2026", "not a date"),
        ("date", {"min": "2026-01-01"}, "2025-12-31", "it is before"),
        ("datetime", {"max": "2026-01-01T00:00:00+00:00"}, "2026-01-01T00:00:01Z", "is after"),
        ("time", {}, "24:00", "not a time"),
        ("time", {}, "13:00 pm", "not a time"),
        ("duration", {}, "1:75", "not a duration"),
        ("duration", {}, 1.5, "not a duration"),
        ("url", {}, "javascript:alert(1)", "not a web address"),
        ("url", {}, "https://user@evil.example/", "not a web address"),
        ("phone", {}, "call me", "not a telephone number"),
        ("uuid", {}, "0123", "not a UUID"),
        ("text", {"pattern": "[A-Z]{2}-[0-9]{4}"}, "AB-12345", "does not match the pattern"),
        ("text", {"pattern": "(a|aa)+"}, "a" * 200 + "!", "takes too long"),
        ("long_text", {"max_length": 3}, "four", "at most 3"),
        ("user", {}, -1, "nobody"),
        ("file", {}, [{"id": "1"}], "not a list of files"),
    ],
)
def test_bad_value_is_refused_with_a_reason(kind, settings, value, words):
    with pytest.raises(ValidationError) as refusal:
        field_types[kind].clean(value, settings)

    assert words in refusal.value.messages[0]


@pytest.mark.parametrize(
    ("kind", "settings", "value", "cell"),
    [
        ("text", {}, "<b>", "&lt;b&gt;"),
        ("rich_text", {}, "# A *b* <i>", " A b &lt;i"),
        ("currency", {}, "1234.5", "€1,234.50"),
        ("currency", {"currency": "CHF"}, -2, "-CHF\u00a02.00"),
        ("percent", {}, 0.125, "12.5 %"),
        ("select", CHOICES, "Won", '<span class="c-option" data-colour="2">Won</span>'),
        ("select", CHOICES, "<old>", '<span class="c-option" data-colour="0">&lt;old&gt;</span>'),
        ("multi_select", CHOICES, ["New"], '<span class="c-option" data-colour="1">New</span>'),
        ("url", {}, 'https://example.com/?a="b', 'href="https://example.com/?a=&quot;b"'),
        ("email", {}, "a'b@example.com", 'href="mailto:a&#x27;b@example.com"'),
        ("phone", {}, "+33 1 (23) x9", 'href="tel:+33123"'),
        ("duration", {}, -5405, "-1:30:05"),
        ("time", {}, "14:30:00", "14:30"),
        ("json", {}, {"a": "<"}, "{&quot;a&quot;: &quot;&lt;&quot;}"),
    ],
)
def test_cell_shows_and_escapes(kind, settings, value, cell):
    shown = field_types[kind].cell(value, settings)

    assert cell in shown
    assert hasattr(shown, "__html__")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "a", "a"),
        ("integer", 5, 5),
        ("currency", "1.50", Decimal("1.50")),
        ("boolean", True, True),
        ("date", "2026-02-03", dt.date(2026, 2, 3)),
        ("datetime", "2026-02-03T04:05:06Z", dt.datetime(2026, 2, 3, 4, 5, 6)),
        ("time", "04:05:00", dt.time(4, 5)),
        ("duration", 60, dt.timedelta(minutes=1)),
        ("multi_select", ["a", "b"], "a, b"),
    ],
)
def test_export_is_typed(kind, value, expected):
    exported = field_types[kind].export(value)

    assert exported == expected
    assert type(exported) is type(expected)


def test_money_is_written_as_the_language_does():
    with translation.override("fr"):
        assert "1\u202f234,50" in field_types["currency"].display(1234.5).replace("\u00a0", "\u202f")


@pytest.mark.parametrize(("typed", "stored"), [("25", "0.25"), ("25 %", "0.25"), ("12,5", "0.125"), ("", None)])
def test_a_number_in_a_form_of_percents_is_one_of_percents(typed, stored):
    percent = field_types["percent"]

    cleaned = percent.clean(percent.form_field({}, required=False).clean(typed), {})

    assert cleaned == (stored and Decimal(stored))


@pytest.mark.parametrize(
    ("kind", "settings", "problem"),
    [
        ("integer", {"min": "5", "max": "4"}, "max"),
        ("decimal", {"min": "x"}, "min"),
        ("date", {"min": "2026-02-30"}, "min"),
        ("date", {"min": "2026-02-03", "max": "2026-02-02"}, "max"),
        ("text", {"pattern": "("}, "pattern"),
        ("currency", {"currency": "XXX"}, "currency"),
        ("file", {"largest": 26}, "largest"),
    ],
)
def test_settings_are_checked(kind, settings, problem):
    assert problem in field_types[kind].Config(settings).errors


def test_settings_that_say_nothing_are_not_stored():
    form = field_types["percent"].Config({"min": "", "max": "100 %", "decimals": ""})

    assert form.is_valid()
    assert form.cleaned_data == {"max": "1.00"}


def test_only_patterns_people_and_files_need_python():
    needing = {kind.kind for kind in field_types if kind.needs_python({}) and not kind.is_relation}

    assert needing >= {"user", "file", "image"}
    assert needing.isdisjoint({"text", "integer", "date", "select", "created_by"})
    assert field_types["text"].needs_python({"pattern": "a"})
