"""Who did what, newest first."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import localdate, localtime, now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from unfold.decorators import display

from nocode.foundation.admin.base import MOST_WORDS, ArchiveAdmin
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.browsers import short_name
from nocode.foundation.displays import code_block, shortened
from nocode.foundation.downloads import download
from nocode.foundation.ids import first_id_at
from nocode.insights import queries
from nocode.insights.actions import icon_of, nobody, sentence_parts
from nocode.insights.admin.filters import GroupFilter, PeriodFilter
from nocode.insights.models import UserActivity
from nocode.insights.searching import search
from nocode.insights.services.exports import FORMATS
from nocode.insights.tracker import ActivityTracker

LONGEST_NAME = 80


@admin.register(UserActivity)
class UserActivityAdmin(ArchiveAdmin):
    """What people did, read-only, with a way to take it along as a file."""

    list_display = ["when", "who", "what", "ip", "browser", "organization"]
    list_display_links = ["when"]
    list_filter = [
        ("user", VisibleRelatedFilter),
        GroupFilter,
        ("created_at", PeriodFilter),
        ("organization", VisibleRelatedFilter),
    ]
    list_before_template = "insights/_activity_head.html"
    list_select_related = ["user", "organization"]
    search_fields = ["user_label", "target_label"]
    search_help_text = _("Person, object or id of a request")
    actions = None
    empty_icon = "timeline"
    empty_text = _("Logins, and what people build, change, publish and delete, are listed here as it happens.")

    fields = ["when", "who", "what", "organization", "ip", "user_agent", "request_id", "details_block"]
    readonly_fields = ["when", "who", "what", "details_block"]

    def get_urls(self) -> list[URLPattern]:
        exports = [
            path(
                f"export.{kind}",
                self.admin_site.admin_view(self._export_view(kind)),
                name=f"insights_useractivity_export_{kind}",
            )
            for kind in FORMATS
        ]
        return exports + super().get_urls()

    # --- List -----------------------------------------------------------------------------------------------------
    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        return search(request.user, queryset, search_term.replace("\0", "").split()[:MOST_WORDS]), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        lost = queries.lost_activities(request.user)
        return super().changelist_view(request, {"lost": lost, **(extra_context or {})})

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list, each row with the address of what it is about."""
        changelist = super().get_changelist_instance(request)
        _add_links(request, changelist.result_list)
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> UserActivity:
        activity = super().get_object(request, object_id, from_field)
        _add_links(request, [activity])
        return activity

    # --- Export ---------------------------------------------------------------------------------------------------
    def _export_view(self, kind: str) -> Any:
        content_type, write = FORMATS[kind]

        @require_GET
        def export(request: HttpRequest) -> HttpResponse:
            """The rows the list shows, all of them."""
            if not self.has_view_permission(request):
                raise PermissionDenied
            try:
                rows = super(UserActivityAdmin, self).get_changelist_instance(request).get_queryset(request)
            except IncorrectLookupParameters:
                return HttpResponseRedirect(reverse("admin:insights_useractivity_changelist"))
            rows = rows.filter(pk__lt=first_id_at(now()))  # the export itself comes after
            # Every organization of the person is told, so not what was looked for in one of them.
            ActivityTracker.track(request.user, "activity.exported", format=kind, filters=sorted(request.GET))
            return download(write(rows), f"activity-{localdate()}.{kind}", content_type)

        return export

    # --- Displays -------------------------------------------------------------------------------------------------
    @display(description=_("time"), ordering="pk")
    def when(self, activity: UserActivity) -> SafeString:
        moment = localtime(activity.created_at)
        shown = date_format(moment, "SHORT_DATETIME_FORMAT")
        return format_html(
            '<time class="c-number" datetime="{}" title="{}">{}</time>', moment.isoformat(), moment, shown
        )

    @display(description=_("person"))
    def who(self, activity: UserActivity) -> str:
        name = str(activity.user) if activity.user else activity.user_label
        return shortened(name) if name else nobody()

    @display(description=_("activity"))
    def what(self, activity: UserActivity) -> SafeString:
        before, after = sentence_parts(activity.action, activity.target_label)
        name = _named(activity) if activity.target_label else ""
        return format_html(
            '<span class="i-what"><span class="material-symbols-outlined c-icon" aria-hidden="true">{}</span>'
            "<span>{}{}{}</span></span>",
            icon_of(activity.action),
            before,
            name,
            after,
        )

    @display(description=_("browser"))
    def browser(self, activity: UserActivity) -> SafeString | str:
        return format_html('<span title="{}">{}</span>', activity.user_agent, short_name(activity.user_agent))

    @display(description=_("details"))
    def details_block(self, activity: UserActivity) -> SafeString | None:
        return code_block(activity.details, str(_("details"))) if activity.details else None


def _named(activity: UserActivity) -> SafeString:
    """The name of the object within the sentence; it leads to its page when there is one."""
    name = Truncator(activity.target_label).chars(LONGEST_NAME)
    if activity.link:
        return format_html('<a class="c-link" href="{}">{}</a>', activity.link, name)
    return format_html('<span class="c-strong">{}</span>', name)


def _add_links(request: HttpRequest, activities: Any) -> None:
    links = queries.links(request.user, activities)
    for each in activities:
        each.link = links.get((each.target_type, each.target_id), "")
