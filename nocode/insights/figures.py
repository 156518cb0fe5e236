"""The tiles and charts of a report: what is told about it, and how it compares."""

from dataclasses import dataclass

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from nocode.foundation.displays import duration
from nocode.insights.charts import Chart, Number, Series, bars, lines, whole
from nocode.insights.histograms import percentile, together
from nocode.insights.services.analytics import Report, success_rate


@dataclass(frozen=True)
class Tile:
    """A figure and its change; `tone` is good, bad or empty."""

    label: str
    icon: str
    value: str
    change: str
    tone: str


def tiles(report: Report) -> list[Tile]:
    """The period in eight figures."""
    now, before = report.totals, report.before
    return [
        _tile(_("Executions"), "bolt", now.executions, before.executions),
        Tile(
            _("Success rate"),
            "percent",
            percent(now.success_rate),
            *_points(now.success_rate, before.success_rate),
        ),
        _tile(_("Half of the runs took at most"), "timer", now.duration_p50, before.duration_p50, milliseconds, -1),
        # xgettext:no-python-format
        _tile(_("95 % of the runs took at most"), "hourglass", now.duration_p95, before.duration_p95, milliseconds, -1),
        _tile(_("Logins"), "login", now.logins, before.logins),
        _tile(_("Active people, at most on a day"), "group", now.active_users, before.active_users),
        _tile(_("Rows written"), "edit_square", now.records, before.records),
        _tile(_("Deployments"), "rocket_launch", now.deployments, before.deployments),
    ]


def charts(report: Report) -> list[Chart]:
    """The period day by day."""
    days = [date_format(each.day, "SHORT_DATE_FORMAT") for each in report.days]  # once for all charts

    def values(name: str) -> list[Number]:
        return [getattr(each, name) for each in report.days]

    def at_most(share: float) -> list[Number]:
        """Of each day, what the tiles say of all days: read from the same counts."""
        return [percentile(together([each.durations]), share) for each in report.days]

    return [
        bars(
            "executions",
            _("Executions per day"),
            days,
            [
                Series("ok", _("completed"), values("completed")),
                Series("fail", _("failed"), values("failed")),
                Series("other", _("other"), values("other")),
            ],
        ),
        lines(
            "success",
            _("Success rate"),
            days,
            [Series("ok", _("completed"), [success_rate(each.completed, each.failed) for each in report.days])],
            percent,
            top=100,
        ),
        lines(
            "durations",
            _("Duration of runs"),
            days,
            [
                Series("run", _("half at most"), at_most(0.5)),
                # xgettext:no-python-format
                Series("wait", _("95 % at most"), at_most(0.95)),
            ],
            milliseconds,
        ),
        lines(
            "people",
            _("People"),
            days,
            [Series("run", _("active people"), values("active_users")), Series("other", _("logins"), values("logins"))],
        ),
        bars("records", _("Rows written per day"), days, [Series("run", _("rows written"), values("records"))]),
        bars("deployments", _("Deployments per day"), days, [Series("ok", _("deployments"), values("deployments"))]),
    ]


def milliseconds(value: Number) -> str:
    """A duration."""
    return "–" if value is None else duration(value / 1000)


def percent(value: Number) -> str:
    """A percentage, with a tenth only when there is one."""
    return "–" if value is None else _("%s %%") % number_format(value, 0 if value == int(value) else 1)


def _tile(label: str, icon: str, now: Number, before: Number, shown=whole, good: int = 0) -> Tile:
    """`good`: 1 when more is better, -1 when less is, 0 when neither."""
    return Tile(label, icon, shown(now), *_change(now, before, shown, good))


def _change(now: Number, before: Number, shown, good: int) -> tuple[str, str]:
    if now is None or before is None:
        return "", ""
    if not before:
        return (_("none before") if now else ""), ""
    share = round(100 * (now - before) / before)
    words = {"change": _signed(share, 0), "before": shown(before)}
    return _("%(change)s %%, before: %(before)s") % words, _tone(share * good)


def _points(now: float | None, before: float | None) -> tuple[str, str]:
    """The change of a percentage is told in points."""
    if now is None or before is None:
        return "", ""
    points = round(now - before, 1)
    words = {"change": _signed(points, 0 if points == int(points) else 1), "before": percent(before)}
    return _("%(change)s points, before: %(before)s") % words, _tone(points)


def _signed(value: float, places: int) -> str:
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return f"{sign}{number_format(abs(value), places)}"


def _tone(value: float) -> str:
    return "good" if value > 0 else "bad" if value < 0 else ""
