"""When schedules fire: recorded vectors, DST days, intervals, and what is refused."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from nocode.automation.triggers import InvalidTrigger, trigger_types
from nocode.automation.triggers.phrases import describe
from nocode.automation.triggers.schedule import next_runs
from nocode.automation.triggers.timetable import times
from tests.recorded import recorded

SCHEDULE = trigger_types["schedule"]
# Where croniter reads an expression in another way than cron itself: `*/2` together with a weekday (cron wants both
# to match), a weekday list that holds `*`, and a range from Sunday to Sunday.
OTHER_READING = {"0 16 */2 * sat", "0 0 * * *,sat#3", "0 0 * * Sun-Sun", "0 0 * * 7-7", "0 0 * * 0-0"}


def settings(**config):
    return SCHEDULE.clean(config)


def utc(text: str | float, zone: str = "UTC") -> datetime:
    moment = datetime.fromisoformat(text) if isinstance(text, str) else datetime.fromtimestamp(text, UTC)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def vectors() -> list[dict]:
    """Recorded fire times of expressions we accept, in the standard reading, forwards."""
    every = [vector for file in recorded("cron") for vector in file["vectors"]]
    return [vector for vector in every if _is_standard(vector) and _is_accepted(vector["expr"])]


def _is_standard(vector: dict) -> bool:
    options = vector.get("opts", {})
    special = options.keys() & {"expand_from_start_time", "implement_cron_bug"} or options.get("day_or") == "False"
    backwards = vector.get("reverse") or not vector["next"]
    return not (special or backwards or vector["tz"].startswith("tzfile") or vector["expr"] in OTHER_READING)


def _is_accepted(expression: str) -> bool:
    try:
        SCHEDULE.clean({"cron": expression})
    except InvalidTrigger:
        return False
    return True


@pytest.mark.skipif(not recorded("cron"), reason="the recorded cron vectors are not here")
def test_enough_recorded_expressions_are_accepted():
    assert len(vectors()) >= 259


@pytest.mark.parametrize(
    "vector", vectors(), ids=lambda vector: f"{vector['test'].rpartition('.')[2]} {vector['expr']}"
)
def test_recorded_times_are_met(vector):
    zone = vector["tz"] or "UTC"
    chosen = settings(cron=vector["expr"], time_zone=zone)

    runs = list(islice(times(chosen, utc(vector["start"], zone)), len(vector["next"])))

    assert runs == [utc(moment, zone) for moment in vector["next"]]


@pytest.mark.parametrize(
    ("cron", "after", "runs"),
    [
        # the night the clock goes back: 02:30 comes once, hourly jobs run every real hour
        ("30 2 * * *", "2026-10-24T12:00", ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]),
        (
            "30 * * * *",
            "2026-10-25T01:00",
            ["2026-10-25T01:30+02:00", "2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-25T03:30+01:00"],
        ),
        # the night it goes forward: 02:30 does not exist, the run comes when the clock has jumped
        ("30 2 * * *", "2026-03-28T12:00", ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"]),
    ],
)
def test_clock_changes_lose_and_double_nothing(cron, after, runs):
    after = utc(after, "Europe/Paris")

    assert next_runs({"cron": cron, "time_zone": "Europe/Paris"}, after, len(runs)) == [utc(run) for run in runs]


@pytest.mark.parametrize(
    ("config", "runs"),
    [
        ({"cron": "@daily"}, ["2026-01-02T00:00", "2026-01-03T00:00"]),
        ({"cron": "0 0 ? * SAT-SUN"}, ["2026-01-03T00:00", "2026-01-04T00:00", "2026-01-10T00:00"]),
        ({"cron": "0 0 1 nov-jan *"}, ["2026-11-01T00:00", "2026-12-01T00:00", "2027-01-01T00:00"]),
        (
            {"mode": "interval", "every": 90, "unit": "minutes"},
            ["2026-01-01T13:30", "2026-01-01T15:00", "2026-01-01T16:30"],
        ),
        ({"mode": "interval", "every": 13, "unit": "hours", "first_run": "2026-01-01T00:00"}, ["2026-01-01T13:00"]),
        (
            {"mode": "interval", "every": 3, "unit": "days", "first_run": "2026-01-01T09:15"},
            ["2026-01-04T09:15", "2026-01-07T09:15"],
        ),
        ({"mode": "interval", "every": 1, "unit": "days", "first_run": "2026-02-01T09:00"}, ["2026-02-01T09:00"]),
    ],
)
def test_next_runs(config, runs):
    after = utc("2026-01-01T12:00")

    assert next_runs({"time_zone": "UTC", **config}, after, len(runs)) == [utc(run) for run in runs]


def test_an_interval_of_days_keeps_the_hour_and_one_of_hours_the_distance():
    after = utc("2026-10-24T09:00", "Europe/Paris")
    base = {"mode": "interval", "first_run": "2026-10-24T09:00", "time_zone": "Europe/Paris"}

    assert next_runs({**base, "every": 1, "unit": "days"}, after, 1) == [utc("2026-10-25T09:00+01:00")]
    assert next_runs({**base, "every": 24, "unit": "hours"}, after, 1) == [utc("2026-10-25T08:00+01:00")]


@pytest.mark.parametrize(
    ("config", "field", "words"),
    [
        ({"cron": "61 * * * *"}, "cron", "“61” is not valid for the minute"),
        ({"cron": "0 25 * * *"}, "cron", "“25” is not valid for the hour"),
        ({"cron": "0 0 32 * *"}, "cron", "day of the month"),
        ({"cron": "0 0 32 2 *"}, "cron", "day of the month"),
        ({"cron": "0 0 31 2 *"}, "cron", "Day 31 of month 2 never comes."),
        ({"cron": "0 0 31 feb,apr *"}, "cron", "Day 31 of month FEB,APR never comes."),
        ({"cron": "0 0 1 13 *"}, "cron", "month"),
        ({"cron": "0 0 * * 8"}, "cron", "day of the week"),
        ({"cron": "* * * *"}, "cron", "has 4"),
        ({"cron": "0 0 0 * * *"}, "cron", "has 6"),
        ({"cron": ""}, "cron", "required"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "Europe/Paris"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "Europe/Paris"),
        ({"mode": "interval", "every": 0}, "every", "greater than or equal to 1"),
        ({"mode": "interval", "first_run": "tomorrow"}, "first_run", "2026-03-29T09:00"),
        ({"mode": "sometimes"}, "mode", "not one of"),
        ({"cron": "0 0 * * *", "corn": 1}, "corn", "does not exist"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(config, field, words):
    with pytest.raises(InvalidTrigger) as refusal:
        SCHEDULE.clean(config)

    assert words in " ".join(refusal.value.details["errors"][field])


@pytest.mark.parametrize(
    ("config", "english", "french_has"),
    [
        ({"cron": "* * * * *"}, "Every minute (UTC)", ""),
        ({"cron": "*/15 * * * *"}, "Every 15 minutes (UTC)", ""),
        ({"cron": "5 * * * *"}, "Every hour at minute 5 (UTC)", ""),
        ({"cron": "0 */6 * * *"}, "Every 6 hours (UTC)", ""),
        ({"cron": "30 9 * * *"}, "Every day at 09:30 (UTC)", "09:30"),
        ({"cron": "0 9 * * MON-FRI"}, "Every weekday at 09:00 (UTC)", "09:00"),
        ({"cron": "0 9 * * 1,THU"}, "Every Monday, Thursday at 09:00 (UTC)", "jeudi"),
        ({"cron": "0 0 1 * *"}, "On day 1 of every month at 00:00 (UTC)", "00:00"),
        ({"cron": "0 0 L * *"}, "On the last day of every month at 00:00 (UTC)", "00:00"),
        ({"cron": "7,9 0 1-7 2 *"}, "At the times of “7,9 0 1-7 2 *” (UTC)", "7,9 0 1-7 2 *"),
        ({"mode": "interval", "every": 1, "unit": "hours"}, "Every hour (UTC)", ""),
        ({"mode": "interval", "every": 2, "unit": "days"}, "Every 2 days at 00:00 (UTC)", "00:00"),
    ],
)
def test_a_schedule_is_said_in_words(config, english, french_has):
    chosen = settings(time_zone="UTC", **config)

    with translation.override("en"):
        assert describe(chosen) == english
    with translation.override("fr"):
        assert french_has.lower() in describe(chosen).lower()


def test_cleaned_settings_are_stable():
    once = settings(cron="  0   9 * * 1 ")

    assert once["cron"] == "0 9 * * 1"
    assert SCHEDULE.clean(once) == once
    assert next_runs(once, timezone.now(), 2)[1] - next_runs(once, timezone.now(), 1)[0] == timedelta(days=7)
