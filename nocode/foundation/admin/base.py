"""The base of every model page in the console: scope, permissions, look and history, decided once."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import IntegrityError, models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from nocode.foundation.admin.forms import ConsoleForm, OnlyOrganizationField, SeenForm
from nocode.foundation.database import is_duplicate
from nocode.foundation.errors import NoCodeError
from nocode.foundation.json_text import JsonField
from nocode.foundation.models import Organization
from nocode.foundation.permissions import organizations_where, rows_of

MOST_WORDS = 10  # looked for at once: each of them reads whole columns


class ConsoleAdmin(ModelAdmin):
    """A model of ours: only rows of the user's organizations, and what the role matrix allows on each of them.

    A subclass says what the page shows; it never filters by organization nor checks a role itself. Where the model has
    an organization, list the field: it is hidden and filled when the person belongs to one, and fixed afterwards.
    `empty_text` tells what will appear in an empty list, and how; `empty_template` offers other ways to begin.
    """

    form = ConsoleForm
    formfield_overrides = {models.JSONField: {"form_class": JsonField}}
    empty_text = ""
    empty_template = ""
    empty_icon = "inbox"
    empty_value_display = "–"
    list_per_page = 25
    list_filter_submit = True
    warn_unsaved_form = True

    # --- Scope: what is not visible does not exist -------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return self.visible_rows(request, super().get_queryset(request))

    def visible_rows(self, request: HttpRequest, rows: models.QuerySet) -> models.QuerySet:
        return rows.visible_to(request.user)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> models.Model:
        """The object, or 404: Django would redirect, and tell a stranger more than a page that is not there."""
        found = super().get_object(request, object_id, from_field)
        if found is None:
            raise Http404
        return found

    def object_for(self, request: HttpRequest, object_id: str, action: str) -> models.Model:
        """The object to act on: 404 when it is not visible, 403 when the user's role does not allow the action."""
        found = self.get_object(request, object_id)
        if not getattr(self, f"has_{action}_permission")(request, found):
            raise PermissionDenied
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        """What contains the first words that were typed: a thousand would keep the database busy for minutes."""
        return super().get_search_results(request, queryset, " ".join(search_term.split()[:MOST_WORDS]))

    def action_checkbox(self, obj: models.Model) -> SafeString:
        """What marks a row for an action; `lists.css` has its look, which Unfold spells out in each."""
        return format_html(
            '<input type="checkbox" class="action-select" name="{}" value="{}" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            _("Select record"),
        )

    # --- Permissions: `obj` is a model, an id as text (Unfold's actions) or None (any organization) ---------------

    def allows(self, request: HttpRequest, action: str, obj: models.Model | str | None = None) -> bool:
        """Whether the user may do `action`; asked without an object: in at least one organization."""
        permission = f"{self.opts.app_label}.{action}_{self.opts.model_name}"
        try:
            return request.user.has_perm(permission, self._as_object(request, obj))
        except (ObjectDoesNotExist, Http404):
            return request.user.is_superuser  # its parent is gone (a version in the history), or it is not visible

    def _as_object(self, request: HttpRequest, obj: models.Model | str | None) -> models.Model | None:
        if obj is None or isinstance(obj, models.Model):
            return obj
        known = request.__dict__.setdefault("_console_objects", {})
        key = (self.model, str(obj))
        if key not in known:
            known[key] = self.get_object(request, str(obj))
        return known[key]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "view", obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "delete", obj)

    def has_run_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "run", obj)

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "publish", obj)

    # --- Forms: only what the user can see may be chosen ---------------------------------------------------------

    def formfield_for_foreignkey(self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        related = db_field.remote_field.model
        if related is Organization and "queryset" not in kwargs:
            return self._organization_field(db_field, request, **kwargs)
        if hasattr(related.objects, "visible_to"):
            kwargs.setdefault("queryset", related.objects.visible_to(request.user))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: models.ManyToManyField, request: HttpRequest, **kwargs: Any) -> Any:
        related = db_field.remote_field.model
        if hasattr(related.objects, "visible_to"):
            kwargs.setdefault("queryset", related.objects.visible_to(request.user))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _organization_field(self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        choices = organizations_where(request.user, f"{self.opts.app_label}.add")
        if len(choices[:2]) == 1:
            return OnlyOrganizationField(choices)
        return super().formfield_for_foreignkey(db_field, request, queryset=choices, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple:
        """What exists stays in its organization."""
        fields = tuple(super().get_readonly_fields(request, obj))
        owned = any(field.name == "organization" for field in self.opts.fields)
        return (*fields, "organization") if obj and owned and "organization" not in fields else fields

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list:
        """What the page shows, and unseen what tells whether somebody else saved meanwhile."""
        fields = list(super().get_fields(request, obj))
        compares = obj is not None and issubclass(self.form, SeenForm) and self.has_change_permission(request, obj)
        return [*fields, "seen_at"] if compares else fields

    # --- Saving, deleting, acting: a refusal is told in red ----------------------------------------------------

    def save_model(self, request: HttpRequest, obj: models.Model, form: forms.ModelForm, change: bool) -> None:
        """Write what the form shows and nothing else: the object may be older than what others wrote since.

        So it is when two people save at once, and in the history, where `obj` is the object of another day.
        """
        if change:
            typed = {name for name, field in form.fields.items() if not field.disabled}
            rest = [field.name for field in self.opts.concrete_fields if field.name not in typed]
            obj.refresh_from_db(fields=rest, from_queryset=self.model.objects.select_for_update(no_key=True))
        super().save_model(request, obj, form, change)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm]:
        form = super().get_form(request, *args, **kwargs)
        form.refusal = getattr(request, "_console_refusal", None)
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form; when what was typed is refused on saving, the form again, still filled, with the refusal on top."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except NoCodeError as refusal:
            if request.method != "POST" or not issubclass(self.form, ConsoleForm):
                raise
            request._console_refusal = refusal.message
        except IntegrityError as error:  # what was free when it was checked is taken now: checking again says so
            if not is_duplicate(error):
                raise
        return super().changeform_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._or_refusal(request, super().delete_view, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._or_refusal(request, super().changelist_view, *args, **kwargs)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list with its rows. What no column can be compared with leads back to the whole list, like all nonsense.

        Django finds out only where a value is read; a NUL, or the year 0, is refused as late as in the statement.
        """
        asked = [value for name, values in request.GET.lists() if name != SEARCH_VAR for value in values]
        if any("\x00" in value for value in asked):
            raise IncorrectLookupParameters
        try:
            changelist = super().get_changelist_instance(request)
            len(changelist.result_list)  # asked for anyway, and kept
        except (ValueError, OverflowError) as unreadable:
            if not request.GET:
                raise
            raise IncorrectLookupParameters from unreadable
        return changelist

    def _or_refusal(self, request: HttpRequest, view: Callable, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NoCodeError as refusal:
            if request.method != "POST":
                raise
            self.message_user(request, refusal.message, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple:
        """What hangs on an object goes with it: the permission on the object itself decides.

        It is counted, not listed: an organization may own a million rows.
        """
        deleted, counts, _missing, protected = super().get_deleted_objects(objs, request)
        refused = {self.opts.verbose_name for obj in objs if not self.has_delete_permission(request, obj)}
        return [each for each in deleted if not isinstance(each, list)], counts, refused, protected

    def get_actions(self, request: HttpRequest) -> dict:
        """Bulk actions, each limited to the rows on which the user's role allows it."""
        return {
            name: (self._limited(function), name, description)
            for name, (function, _name, description) in super().get_actions(request).items()
        }

    def _limited(self, function: Callable) -> Callable:
        def act(modeladmin: "ConsoleAdmin", request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
            allowed = queryset
            for action in getattr(function, "allowed_permissions", ()):
                allowed = modeladmin.rows_where(request, allowed, action)
            left_out = 0 if allowed is queryset else queryset.count() - allowed.count()
            if left_out:
                message = ngettext(
                    "%(count)d row was left out: your role does not allow this there.",
                    "%(count)d rows were left out: your role does not allow this there.",
                    left_out,
                )
                modeladmin.message_user(request, message % {"count": left_out}, messages.WARNING)
            return function(modeladmin, request, allowed)

        return act

    def rows_where(self, request: HttpRequest, queryset: models.QuerySet, action: str) -> models.QuerySet:
        """The rows on which the user's role allows `action`."""
        if request.user.is_superuser:
            return queryset
        allowed = organizations_where(request.user, f"{self.opts.app_label}.{action}")
        return queryset.filter(**{f"{self.model.organization_path}__in": allowed})


class HistoryAdmin(SimpleHistoryAdmin, ConsoleAdmin):
    """A model with history: a History page that shows who changed what, and a way back."""

    def has_view_history_or_change_history_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The history of a deleted object stays readable, of a foreign one does not exist."""
        if not super().has_view_history_or_change_history_permission(request, obj):
            raise Http404
        return True

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict | None = None
    ) -> HttpResponse:
        """Old versions are for readers, going back to one is a change (simple_history asks only to read)."""
        if request.method == "POST":
            self.object_for(request, object_id, "change")
        view = transaction.atomic(super().history_form_view)
        return self._or_refusal(request, view, object_id, version_id, extra_context)


class ReadOnly:
    """Rows that machines write: people look."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PlatformAdmin(ConsoleAdmin):
    """Rows that belong to the whole installation, for superusers only."""

    form = ModelAdmin.form

    def visible_rows(self, request: HttpRequest, rows: models.QuerySet) -> models.QuerySet:
        return rows if request.user.is_superuser else rows.none()

    def allows(self, request: HttpRequest, action: str, obj: models.Model | str | None = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.allows(request, "view")


class ArchiveAdmin(ReadOnly, ConsoleAdmin):
    """Rows that machines write by the million: the newest first, and nobody counts them."""

    ordering = ["-pk"]
    paginator = InfinitePaginator
    show_full_result_count = False

    def visible_rows(self, request: HttpRequest, rows: models.QuerySet) -> models.QuerySet:
        return rows_of(request.user, rows)

    def get_sortable_by(self, request: HttpRequest) -> list[str]:
        """The columns that go with the ids: any other order would read and sort all there ever was."""
        return [name for name in super().get_sortable_by(request) if self._order_of(name) in ("pk", "-pk")]

    def _order_of(self, column: str) -> str | None:
        return getattr(getattr(self, column, None), "admin_order_field", None)
