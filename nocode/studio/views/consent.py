"""What changes of structure would do, shown before they are made: when asked for, and by itself where it is grave."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from nocode.studio.models import Project
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.schema.operations import Operation
from nocode.studio.schema.preview import Preview

Users = list[tuple[str, list[tuple[str, str]]]]  # what is thrown away, and who uses it by name and address


@dataclass(frozen=True)
class Consent:
    """What a person is shown, and what the page sends back to say that it may be done."""

    preview: Preview
    users: Users = field(default_factory=list)

    @property
    def key(self) -> str:
        """Agreeing to this is agreeing to nothing else."""
        users = sorted(f"{what}/{name}" for what, names in self.users for name, _address in names)
        return sha256(repr([self.preview.key, users]).encode()).hexdigest()

    def is_wanted(self, request: HttpRequest) -> bool:
        """Whether the person asked to look, or has to before it is done."""
        if "look" in request.POST:
            return True
        return bool(self.preview.is_grave or self.users) and request.POST.get("agreed") != self.key

    @property
    def is_lossy(self) -> bool:
        """Whether something goes away: rows, values, or what others use."""
        return bool(self.preview.losses or self.preview.problems or self.users)


def consent(request: HttpRequest, project: Project, *operations: Operation, users: Users | None = None) -> Consent:
    """What the person would agree to. Raises NoCodeError when it cannot be done at all."""
    return Consent(SchemaManager(project, request.user).preview(*operations), users or [])


def show(request: HttpRequest, form: str, asked: Consent | None, wrong: list[Any] = ()) -> HttpResponse:
    """The dialog alone, for htmx. `form` is the id of the form on the page; `wrong` are forms to be corrected first."""
    return render(request, "studio/_consent.html", {"form_id": form, "consent": asked, "wrong": wrong})
