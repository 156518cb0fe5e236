"""`now` and `DateTime` follow the calendar and the clocks of the time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from nocode.automation.engine.expressions import ExpressionError, Sandbox

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def sandbox():
    return Sandbox({"now": datetime(2024, 3, 30, 12, 34, 56, 789000, tzinfo=PARIS)})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("now", "2024-03-30T12:34:56.789+01:00"),
        ("now.plus({ days: 1 })", "2024-03-31T12:34:56.789+02:00"),
        ("now.plus({ hours: 24 })", "2024-03-31T13:34:56.789+02:00"),
        ("now.plus({ months: -1 }).toISODate()", "2024-02-29"),
        ("now.plus({ years: 1, months: 11 }).toISODate()", "2026-02-28"),
        ("now.minus({ weeks: 1 }).toISODate()", "2024-03-23"),
        ("now.minus(1, 'day').toISODate()", "2024-03-29"),
        ("now.set({ hour: 2, minute: 30, day: 31 }).toISO()", "2024-03-31T03:30:56.789+02:00"),
        ("now.set({ month: 2 }).toISODate()", "2024-02-29"),
        ("now.startOf('day')", "2024-03-30T00:00:00.000+01:00"),
        ("now.startOf('week').toISODate()", "2024-03-25"),
        ("now.startOf('quarter').toISODate()", "2024-01-01"),
        ("now.endOf('month')", "2024-03-31T23:59:59.999+02:00"),
        ("now.startOf('hour').toISOTime()", "12:00:00.000+01:00"),
        ("now.toFormat(\"yyyy-LL-dd'T'HH:mm 'o''clock'\")", "2024-03-30T12:34 oclock"),
        ("now.toFormat('EEEE d MMMM yy, h:mm a ZZ')", "Saturday 30 March 24, 12:34 PM +01:00"),
        ("now.toFormat('dd/MM/yyyy')", "30/03/2024"),
        ("[now.year, now.month, now.day, now.hour, now.weekday]", [2024, 3, 30, 12, 6]),
        ("[now.weekNumber, now.quarter, now.ordinal, now.daysInMonth, now.isInLeapYear]", [13, 1, 90, 31, True]),
        ("now.setZone('UTC')", "2024-03-30T11:34:56.789Z"),
        ("now.setZone('America/New_York')", "2024-03-30T07:34:56.789-04:00"),
        ("now.setZone('Asia/Kolkata').hour", 17),
        ("now.toUTC().plus({ days: 1 }).setZone('Europe/Paris')", "2024-03-31T13:34:56.789+02:00"),
        ("DateTime.fromISO('2024-10-27T02:30').toUTC()", "2024-10-27T00:30:00.000Z"),
        ("DateTime.fromISO('2024-10-27T02:30').plus({ hours: 1 })", "2024-10-27T02:30:00.000+01:00"),
        ("DateTime.fromISO('2024-03-31T02:30')", "2024-03-31T03:30:00.000+02:00"),
        ("DateTime.fromISO('2024-07-01T10:00:00Z')", "2024-07-01T12:00:00.000+02:00"),
        ("DateTime.fromISO('2024-07-01', { zone: 'utc' })", "2024-07-01T00:00:00.000Z"),
        ("DateTime.fromFormat('31/12/2023 23:05', 'dd/MM/yyyy HH:mm')", "2023-12-31T23:05:00.000+01:00"),
        ("DateTime.fromFormat('5 Jan 2024 3 PM', 'd MMM yyyy h a').hour", 15),
        ("DateTime.fromMillis(0).toUTC()", "1970-01-01T00:00:00.000Z"),
        ("DateTime.fromSeconds(86400).toMillis()", 86_400_000),
        ("DateTime.fromJSDate(new Date(0)).toSeconds()", 0),
        ("DateTime.local(2024, 5, 6, 7).toISO()", "2024-05-06T07:00:00.000+02:00"),
        ("DateTime.now().equals(now)", True),
        ("now < now.plus({ minutes: 1 }) && now - now.minus({ seconds: 2 }) === 2000", True),
        ("now.diff(DateTime.fromISO('2024-03-01'), 'days').days | 0", 29),
        ("now.diff(DateTime.fromISO('2023-01-15'), ['years', 'months', 'days']).toObject().months", 2),
        ("DateTime.fromISO('2024-01-31').diff(DateTime.fromISO('2024-03-31'), 'months').months", -2),
        ("DateTime.fromISO('2024-04-01').diff(DateTime.fromISO('2024-03-30'), 'days').days", 2),
        ("DateTime.fromISO('2024-04-01').diff(DateTime.fromISO('2024-03-30'), 'hours').hours", 47),
        ("now.hasSame(now.startOf('month'), 'month')", True),
        ("`at ${now.toISODate()}`", "at 2024-03-30"),
        ("$now.year + $today.hour", 2024),
        ("new Date(now).toISOString()", "2024-03-30T11:34:56.789Z"),
    ],
)
def test_dates_follow_the_calendar_of_their_zone(sandbox, source, expected):
    assert sandbox.evaluate(source) == expected


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("now.setZone('Mars/Olympus')", "unknown time zone “Mars/Olympus”"),
        ("now.setZone('../../etc/passwd')", "unknown time zone “../../etc/passwd”"),
        ("now.plus({ fortnights: 1 })", "unknown unit “fortnights”"),
        ("DateTime.fromISO('2024-02-30')", "“2024-02-30” is not a date of the calendar"),
        ("DateTime.fromISO('yesterday')", "“yesterday” is not an ISO 8601 date"),
        ("DateTime.fromFormat('2024', 'dd/MM')", "“2024” is not written as dd/MM"),
        ("DateTime.fromMillis('x')", "not a date"),
    ],
)
def test_impossible_dates_are_refused(sandbox, source, reason):
    with pytest.raises(ExpressionError) as caught:
        sandbox.evaluate(source)

    assert reason in caught.value.details["reason"]


def test_offsets_are_those_of_the_time_zone_database(sandbox):
    names = ["Europe/Paris", "America/Sao_Paulo", "Africa/Casablanca", "Australia/Lord_Howe", "Asia/Kathmandu"]
    moments = [datetime(year, month, 9, 5, tzinfo=UTC) for year in (1975, 1999, 2024, 2041) for month in range(1, 13)]

    for name in names:
        sandbox.set("input", [int(moment.timestamp() * 1000) for moment in moments])
        offsets = sandbox.evaluate(f"input.map(ms => DateTime.fromMillis(ms, {{ zone: '{name}' }}).offset)")

        assert offsets == [moment.astimezone(ZoneInfo(name)).utcoffset().total_seconds() / 60 for moment in moments]


def test_now_is_the_real_time_in_the_current_time_zone():
    with timezone.override("Asia/Tokyo"):
        before = timezone.now()
        said = datetime.fromisoformat(Sandbox({}).evaluate("now"))

    assert said.utcoffset() == ZoneInfo("Asia/Tokyo").utcoffset(before)
    assert abs((said - before).total_seconds()) < 5
