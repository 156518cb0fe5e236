"""Ctrl+K: find a page of the menu or an object by its name."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult

from nocode.automation.models import Workflow
from nocode.console.navigation import sidebar
from nocode.foundation.models import Organization, User
from nocode.runtime.models import GeneratedApp
from nocode.studio.models import DataTable, Project

# (model, the field its name is in, Material symbol)
FINDABLE: list[tuple[type[Model], str, str]] = [
    (Workflow, "name", "account_tree"),
    (Project, "name", "folder_open"),
    (DataTable, "label", "table"),
    (GeneratedApp, "name", "deployed_code"),
    (Organization, "name", "domain"),
    (User, "email", "person"),
]
PER_MODEL = 5


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """Pages whose title holds the term, then visible objects whose name does."""
    return [*_pages(request, term), *_objects(request, term)]


def _pages(request: HttpRequest, term: str) -> list[SearchResult]:
    return [
        SearchResult(str(item["title"]), str(group["title"] or ""), item["link"], item["icon"])
        for group in sidebar(request)
        for item in group["items"]
        if term in str(item["title"]).lower()
    ]


def _objects(request: HttpRequest, term: str) -> list[SearchResult]:
    return [
        SearchResult(str(found), str(model._meta.verbose_name).capitalize(), _page_of(found), icon)
        for model, field, icon in FINDABLE
        if admin.site.is_registered(model)
        for found in model.objects.visible_to(request.user).filter(**{f"{field}__icontains": term})[:PER_MODEL]
    ]


def _page_of(found: Model) -> str:
    return reverse(f"admin:{found._meta.app_label}_{found._meta.model_name}_change", args=[found.pk])
