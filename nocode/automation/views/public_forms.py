"""`/forms/<token>/`: where people fill in the form that starts a workflow."""

import logging
from http import HTTPStatus

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from nocode.automation.nodes.questions import as_input
from nocode.automation.services import submissions
from nocode.automation.triggers import settings_of
from nocode.automation.triggers.manual import input_form
from nocode.foundation.admin.forms import dress
from nocode.foundation.errors import NoCodeError
from nocode.foundation.pages import page_context
from nocode.foundation.views.answers import notice, public_page

logger = logging.getLogger(__name__)


@public_page
def public_form(request: HttpRequest, token: str) -> HttpResponse:
    """The form; what is wrong in it is said beside the question, what was sent in is answered with thanks."""
    try:
        trigger = submissions.open_form(token, request.user)
    except submissions.LoginNeeded:
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    except submissions.FormClosed as refusal:
        return notice(request, _("No form here"), refusal.message, icon="edit_off", status=HTTPStatus.NOT_FOUND)
    settings = settings_of(trigger)
    data = request.POST if request.method == "POST" else None
    form = dress(input_form(settings)(data))
    context = page_context(request, settings["title"], settings=settings, form=form, is_sent=False)
    status = HTTPStatus.OK
    if data is not None:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                submissions.submit(trigger, as_input(form.cleaned_data), request.user)
                context["is_sent"], status = True, HTTPStatus.OK
            except submissions.TooFast as refusal:
                form.add_error(None, refusal.message)
                status = HTTPStatus.TOO_MANY_REQUESTS
            except NoCodeError as refusal:  # about the workflow or the plan: for its owner, not for whoever came by
                logger.warning("form %s starts nothing: %s", trigger.pk, refusal)
                form.add_error(None, _("What you sent cannot be taken in at the moment. Please try again later."))
                status = HTTPStatus.SERVICE_UNAVAILABLE
    return render(request, "automation/public_form.html", context, status=status)
