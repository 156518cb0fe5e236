"""An application as its blocks see it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse

from nocode.runtime.models import GeneratedApp
from nocode.studio.blocks.scene import ROW
from nocode.studio.services.scenes import ProjectScene


class AppScene(ProjectScene):
    """A page of an application that somebody has opened.

    What people may do with rows follows from their role, as in the console: viewers read, editors add and change,
    administrators and owners also delete.
    """

    def __init__(self, app: GeneratedApp, page: str, request: HttpRequest, **options: Any):
        super().__init__(
            app.project_id, request.user, query=request.GET, row_id=request.GET.get(ROW) or None, **options
        )
        self.app, self.page = app, page
        self.way_back = ""  # shown where the row that was asked for is gone
        self.csrf_token = get_token(request)

    def may(self, action: str) -> bool:
        return self.user.has_perm(f"studio.{action}_record", self.app)

    def url(self, page_slug: str, **query: Any) -> str:
        address = reverse("app_page", args=[self.app.slug, page_slug])
        return f"{address}?{urlencode(query)}" if query else address

    def choices_url(self, block_id: str, field: Any) -> str:
        return reverse("app_choices", args=[self.app.slug, self.page, block_id, field.physical_name])

    def file_url(self, block_id: str, row_id: int, name: str, file: Mapping[str, Any]) -> str:
        return reverse("app_file", args=[self.app.slug, self.page, block_id, row_id, name, file["id"]])
