"""The analytics page, and its figures as files."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from nocode.foundation.downloads import download
from nocode.foundation.models import Organization
from nocode.foundation.pages import page, page_context
from nocode.foundation.permissions import organizations_where
from nocode.insights.figures import charts, milliseconds, tiles, whole
from nocode.insights.forms import LENGTHS, PeriodForm
from nocode.insights.services import reports
from nocode.insights.services.analytics import Report, report
from nocode.insights.tracker import ActivityTracker

VIEW = "insights.view_dailymetric"


@require_GET
@page(VIEW)
def analytics(request: HttpRequest) -> HttpResponse:
    """How a period went, next to the one before."""
    organizations = _organizations(request)
    organization = _chosen(request, organizations)
    form = PeriodForm(request.GET)
    found = report(organization, form.period) if organization else None
    context = page_context(
        request,
        _("Analytics"),
        organizations=organizations,
        form=form,
        lengths=[(days, label, _query(request, days=days)) for days, label in LENGTHS],
        query=request.GET.urlencode(),
        report=found,
        **(_drawn(found) if found and not found.is_empty else {}),
    )
    return render(request, "insights/analytics.html", context)


@require_GET
@page(VIEW)
def analytics_report(request: HttpRequest, kind: str) -> HttpResponse:
    """The same figures as a file."""
    organization = _chosen(request, _organizations(request))
    if organization is None:
        raise Http404
    found = report(organization, PeriodForm(request.GET).period)
    period = {"first_day": found.period.first, "last_day": found.period.last}
    ActivityTracker.track(request.user, "report.exported", organization, format=kind, **period)
    content_type, write = reports.FORMATS[kind]
    name = f"report-{organization.slug}-{found.period.first}-{found.period.last}.{kind}"
    return download(write(found), name, content_type)


def _organizations(request: HttpRequest) -> list[Organization]:
    return list(organizations_where(request.user, "insights.view"))


def _chosen(request: HttpRequest, organizations: list[Organization]) -> Organization | None:
    """The one asked for, 404 when it is not the person's; else the first."""
    wanted = request.GET.get("organization")
    if not wanted:
        return next(iter(organizations), None)
    for each in organizations:
        if str(each.pk) == wanted:
            return each
    raise Http404


def _query(request: HttpRequest, **changes: Any) -> str:
    """The address again, with another length."""
    query = request.GET.copy()
    for name in ("first", "last"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
    return query.urlencode()


def _drawn(found: Report) -> dict[str, Any]:
    return {
        "tiles": tiles(found),
        "charts": charts(found),
        "failing": [{**each, "value": whole(each["failures"]), "of": whole(each["runs"])} for each in found.failing],
        "slowest": [
            {**each, "value": milliseconds(each["average"]), "of": milliseconds(each["longest"])}
            for each in found.slowest
        ],
    }
