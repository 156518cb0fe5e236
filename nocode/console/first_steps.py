"""What to do first, until the first workflow has run."""

from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from nocode.automation.models import Workflow
from nocode.foundation.models import Organization
from nocode.runtime.models import GeneratedApp
from nocode.studio.models import Project


class Advice(NamedTuple):
    """One thing to do: the key under which `queries.progress` tells that it is done, and the page where it is done."""

    key: str
    title: Promise
    detail: Promise
    model: type[Model]
    view: str = "changelist"


ADVICE = [
    Advice(
        "organization",
        _("Create an organization"),
        _("It owns everything that is built; only its members see inside."),
        Organization,
        "add",
    ),
    Advice("table", _("Make a table"), _("Projects hold tables; workflows read and write their rows."), Project),
    Advice("workflow", _("Build a workflow"), _("A trigger says when, the steps say what."), Workflow),
    Advice(
        "published",
        _("Publish it"),
        _("Publishing freezes a version; edits after that are a draft until the next one."),
        Workflow,
    ),
    Advice(
        "execution",
        _("Run it"),
        _("By hand, by a webhook or on a schedule; then look here how it went."),
        Workflow,
    ),
    Advice(
        "application",
        _("Put an application online"),
        _("Pages show the rows of a project; an application is those pages, for the people of an organization."),
        GeneratedApp,
    ),
    Advice(
        "colleague",
        _("Invite a colleague"),
        _("By e-mail, on the page of an organization, with a role; the invitation also makes the account."),
        Organization,
    ),
]


@dataclass(frozen=True)
class Step:
    """One thing to do, as one person sees it; the link is empty where the page is not theirs to use."""

    title: str
    detail: str
    is_done: bool
    link: str


def first_steps(request: HttpRequest, state: dict[str, bool]) -> list[Step]:
    """The steps in order; none once a workflow has run, nor for a person without an organization to build in."""
    if state["execution"] or not (state["organization"] or request.user.is_superuser):
        return []
    return [Step(each.title, each.detail, state[each.key], _page(request, each)) for each in ADVICE]


def _page(request: HttpRequest, advice: Advice) -> str:
    opts = advice.model._meta
    if not request.user.has_perm(f"{opts.app_label}.add_{opts.model_name}"):
        return ""
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{advice.view}")
