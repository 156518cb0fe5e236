"""One's own API tokens: made, shown once, deleted."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from nocode.foundation.forms import TokenForm
from nocode.foundation.pages import page, page_context
from nocode.foundation.services import auth


@sensitive_variables("made")
@page()
def tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens, and the form for another one; its text stands in the answer to that form, and nowhere else."""
    form, made, status = TokenForm(request.user), "", 200
    if request.method == "POST":
        form, status = TokenForm(request.user, request.POST), 422
        if form.is_valid():
            _token, made = auth.create_token(request.user, **form.cleaned_data)
            form, status = TokenForm(request.user), 200
    own = request.user.api_tokens.select_related("organization")
    context = page_context(request, _("API tokens"), tokens=own, form=form, made=made)
    response = render(request, "foundation/tokens.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@page()
def token_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let nobody in with it any more."""
    token = get_object_or_404(request.user.api_tokens, pk=pk)
    auth.delete_token(token, request.user)
    messages.success(request, _("“%s” lets nobody in any more.") % token.name)
    return redirect("admin:tokens")
