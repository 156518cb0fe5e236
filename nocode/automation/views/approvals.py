"""Decisions people are asked for: the list of one's own, one of them, and the page a link from an e-mail leads to."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from nocode.automation import asking
from nocode.automation.errors import AlreadyDecided
from nocode.automation.forms import DecisionForm
from nocode.automation.models import Approval
from nocode.automation.services import approvals as service
from nocode.foundation.admin.forms import dress
from nocode.foundation.markdown import render as markdown
from nocode.foundation.models import User
from nocode.foundation.pages import page, page_context, visible_object
from nocode.foundation.services import auth
from nocode.foundation.views.answers import opened, public_page


@require_GET
@page()
def approvals(request: HttpRequest) -> HttpResponse:
    """What waits for my decision, and what became of the rest."""
    lists = {"waiting": service.open_for(request.user), "over": service.over_for(request.user)}
    return render(request, "automation/approvals.html", page_context(request, _("My approvals"), **lists))


@page()
def approval(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One question, and the form to answer it."""
    asked = visible_object(request, Approval.objects.select_related("organization", "answered_by"), pk=pk)
    return _decision(request, asked, request.user, lambda: redirect("admin:approvals"), "automation/approval.html")


@public_page
def approval_link(request: HttpRequest, token: str) -> HttpResponse:
    """The same without logging in. Only the form answers: whoever merely opens the link has decided nothing."""
    asked, person = opened(request, _opened, token)
    return _decision(request, asked, person, lambda: redirect(request.path), "automation/approval_link.html")


def _opened(token: str) -> tuple[Approval, User]:
    """What a link is about, and whose it is. Raises LinkInvalid, also for people who are not asked any more."""
    try:
        approval_id, person_id = asking.read_token(token)
    except signing.BadSignature:
        raise auth.LinkInvalid from None
    person = User.objects.filter(pk=person_id).first()
    asked = Approval.objects.visible_to(person).filter(pk=approval_id) if person else Approval.objects.none()
    found = asked.select_related("organization", "answered_by").first()
    if found is None:
        raise auth.LinkInvalid
    return found, person


def _decision(
    request: HttpRequest, asked: Approval, person: User, leave: Callable[[], HttpResponse], template: str
) -> HttpResponse:
    """Show a question, or take the answer to it."""
    form = DecisionForm(request.POST if request.method == "POST" else None, approval=asked)
    if form.is_bound and form.is_valid():
        try:
            done = service.decide(asked.pk, person, **form.answer)
        except AlreadyDecided as refusal:
            messages.error(request, refusal.message)
        else:
            words = _("You have approved “%s”.") if done.state == "approved" else _("You have rejected “%s”.")
            messages.success(request, words % done)
        return leave()
    context = {"approval": asked, "form": dress(form), "closed": _why_closed(asked), "text": markdown(asked.text)}
    return render(request, template, page_context(request, asked.title, **context))


def _why_closed(asked: Approval) -> Any:
    """Why there is nothing to decide any more; empty while there is."""
    try:
        service.refuse_unless_open(asked)
    except AlreadyDecided as refusal:
        return refusal.message
    return ""
