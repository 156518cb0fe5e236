"""Pages and their blocks; what is on a page is made in its designer."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from nocode.foundation.admin.base import ConsoleAdmin, HistoryAdmin, ReadOnly
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.admin.forms import ConsoleForm, SeenForm
from nocode.foundation.displays import shortened
from nocode.foundation.errors import NoCodeError
from nocode.foundation.permissions import organizations_where
from nocode.studio.models import Block, Page, Project
from nocode.studio.schema import names
from nocode.studio.services import pages


class PageForm(SeenForm, ConsoleForm):
    """What a page is called and where it is; its project is chosen once."""

    seen_on = "title"

    class Meta:
        model = Page
        fields = ["project", "title", "slug", "in_menu"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = not self.instance._state.adding
            self.fields["slug"].help_text = _("The last part of its address; empty: made from the title.")

    def clean_title(self) -> str:
        try:
            return names.clean_label(self.cleaned_data["title"])
        except NoCodeError as refusal:
            raise ValidationError(refusal.message) from None

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        project = data.get("project") or getattr(self.instance, "project", None)
        slug = data.get("slug")
        if project and slug and project.pages.filter(slug=slug).exclude(pk=self.instance.pk).exists():
            self.add_error("slug", _("Another page of this project has this address."))
        return data


@admin.register(Page)
class PageAdmin(HistoryAdmin):
    """The pages of all projects; a name leads to the designer."""

    list_display = ["name", "project_name", "slug", "in_menu", "block_count", "settings_link", "updated_at"]
    list_display_links = None
    list_filter = [("project", VisibleRelatedFilter)]
    list_select_related = ["project"]
    ordering = ["project__name", "project", "position"]
    search_fields = ["title", "slug"]
    empty_icon = "web"
    empty_text = _("A page shows rows, forms and figures of a project's tables; an application is made of pages.")

    form = PageForm
    fields = ["project", "title", "slug", "in_menu"]
    change_form_outer_before_template = "studio/_page_head.html"
    delete_confirmation_template = "studio/delete_page.html"

    class Media:
        css = {"all": ["css/studio.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("project").annotate(blocks_made=Count("blocks"))

    def get_readonly_fields(self, request: HttpRequest, obj: Page | None = None) -> tuple:
        return (*super().get_readonly_fields(request, obj), *(["project"] if obj else []))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only projects in which the person may make pages."""
        where = organizations_where(request.user, "studio.add")
        kwargs["queryset"] = Project.objects.visible_to(request.user).filter(organization__in=where)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_actions(self, request: HttpRequest) -> dict:
        """Pages are deleted one at a time, each after a look at what goes with it."""
        return {name: each for name, each in super().get_actions(request).items() if name != "delete_selected"}

    def save_model(self, request: HttpRequest, obj: Page, form: forms.ModelForm, change: bool) -> None:
        if change:
            saved = pages.change_page(obj, title=obj.title, slug=obj.slug, icon=obj.icon, in_menu=obj.in_menu)
        else:
            saved = pages.add_page(obj.project, obj.title, slug=obj.slug, in_menu=obj.in_menu)
        obj.__dict__.update(saved.__dict__)  # the page goes on with the object it made

    def delete_model(self, request: HttpRequest, obj: Page) -> None:
        pages.delete_page(obj)

    def response_post_save_add(self, request: HttpRequest, obj: Page) -> HttpResponse:
        """A new page wants blocks."""
        return redirect("admin:studio_page_designer", obj.pk)

    def response_post_save_change(self, request: HttpRequest, obj: Page) -> HttpResponse:
        return redirect("admin:studio_page_designer", obj.pk)

    @display(description=_("title"), ordering="title")
    def name(self, page: Page) -> SafeString:
        return shortened(page.title, reverse("admin:studio_page_designer", args=[page.pk]))

    @display(description=_("project"), ordering="project__name")
    def project_name(self, page: Page) -> SafeString:
        return shortened(page.project.name)

    @display(description=_("blocks"), ordering="blocks_made")
    def block_count(self, page: Page) -> int:
        return page.blocks_made

    @display(description=_("title and address"))
    def settings_link(self, page: Page) -> SafeString:
        return shortened(str(_("Change")), reverse("admin:studio_page_change", args=[page.pk]))


@admin.register(Block)
class BlockAdmin(ReadOnly, ConsoleAdmin):
    """Blocks; they are made in the designer of their page. Kept out of the menus."""

    list_display = ["kind", "page", "slot", "position", "updated_at"]
    list_display_links = None
    list_select_related = ["page"]
    search_fields = ["kind"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """A block is changed in the designer of its page."""
        block = self.object_for(request, object_id, "view")
        address = reverse("admin:studio_page_designer", args=[block.page_id])
        return redirect(f"{address}?block={block.pk}")
