"""What to do first, until the first workflow has run."""

from dataclasses import dataclass

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from nocode.automation.models import Workflow
from nocode.foundation.models import Organization
from nocode.studio.models import Project


@dataclass(frozen=True)
class Step:
    """One thing to do."""

    title: str
    detail: str
    is_done: bool
    link: str


def first_steps(request: HttpRequest, state: dict[str, bool]) -> list[Step]:
    """The steps in order; none once a workflow has run, nor for a person without an organization to build in."""
    if state["execution"] or not (state["organization"] or request.user.is_superuser):
        return []
    return [
        Step(
            _("Create an organization"),
            _("It owns everything that is built; only its members see inside."),
            state["organization"],
            _page(request, Organization, "add"),
        ),
        Step(
            _("Make a table"),
            _("Projects hold tables; workflows read and write their rows."),
            state["table"],
            _page(request, Project, "changelist"),
        ),
        Step(
            _("Build a workflow"),
            _("A trigger says when, the steps say what."),
            state["workflow"],
            _page(request, Workflow, "changelist"),
        ),
        Step(
            _("Publish it"),
            _("Publishing freezes a version; edits after that are a draft until the next one."),
            state["published"],
            _page(request, Workflow, "changelist"),
        ),
        Step(
            _("Run it"),
            _("By hand, by a webhook or on a schedule; then look here how it went."),
            state["execution"],
            _page(request, Workflow, "changelist"),
        ),
        Step(
            _("Invite a colleague"),
            _("Add people who have an account, each with a role. Administrators of this installation create accounts."),
            state["colleague"],
            _page(request, Organization, "changelist"),
        ),
    ]


def _page(request: HttpRequest, model: type[Model], view: str) -> str:
    """The address of a model's page; empty when it has none or the person may not add there."""
    opts = model._meta
    may_open = request.user.has_perm(f"{opts.app_label}.add_{opts.model_name}")
    if not admin.site.is_registered(model) or not may_open:
        return ""
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{view}")
