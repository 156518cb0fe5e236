"""Buttons on one object: always behind a dialog (POST), a permission and the scope."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm


def object_action(
    permission: str,
    *,
    label: str,
    description: str = "",
    form_class: type[BaseDialogForm] = BaseDialogForm,
    submit: str = "",
    icon: str | None = None,
    variant: ActionVariant = ActionVariant.DEFAULT,
) -> Callable:
    """Make `method(self, request, obj, form)` a row or detail action (list it in `actions_row` / `actions_detail`).

    The label opens a dialog with `description` and the fields of `form_class`; sending it calls the method with the
    object: 404 when it is not visible, 403 when `has_<permission>_permission` says no. The browser then goes to
    the response's page, or back to where the dialog was opened when the method returns None.
    """

    def decorate(method: Callable) -> Callable:
        @wraps(method)
        def send(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
            answer = method(self, request, self.object_for(request, object_id, permission), form)
            return answer or HttpResponseClientRedirect(_came_from(self, request))

        dialog = {
            "title": label,
            "description": description,
            "form_class": form_class,
            "form_submit_text": submit or label or _("Confirm"),
        }
        in_dialog = action(
            description=label, permissions=[permission], dialog=dialog, icon=icon, variant=variant, attrs={}
        )(send)

        @wraps(in_dialog)
        def guarded(self, request: HttpRequest, object_id: str) -> HttpResponse:
            self.object_for(request, object_id, permission)
            return in_dialog(self, request, object_id=object_id)

        return guarded

    return decorate


def _came_from(model_admin, request: HttpRequest) -> str:
    opts = model_admin.opts
    return request.htmx.current_url_abs_path or reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
