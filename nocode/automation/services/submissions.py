"""Forms that start workflows: opened by their address, sent in, each start durable before its sender is thanked."""

from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from nocode.automation.models import Trigger, Workflow
from nocode.automation.models.trigger import TOKEN
from nocode.automation.services import executions
from nocode.automation.triggers import InvalidTrigger, settings_of
from nocode.automation.triggers.form import MEMBERS
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import User
from nocode.foundation.permissions import roles_of

# Each answer pays its share of a minute in advance; nobody may be more than a minute ahead (as for webhooks).
_PAY = """
UPDATE automation_trigger SET calls_paid_until = greatest(calls_paid_until, now()) + interval '1 minute' / %(limit)s
WHERE id = %(id)s AND greatest(calls_paid_until, now()) + interval '1 minute' / %(limit)s <= now() + interval '1 minute'
"""


class FormClosed(NoCodeError):
    """Nobody can fill in this form."""


class LoginNeeded(FormClosed):
    """Only members may fill in this form."""


class TooFast(NoCodeError):
    """This form was sent too often lately."""


def open_form(token: str, user: Any) -> Trigger:
    """The trigger whose form has this address, if the person may fill it in. Raises FormClosed, LoginNeeded."""
    forms = Trigger.objects.select_related("workflow").filter(kind=Trigger.Kind.FORM, token=token)
    trigger = forms.first() if TOKEN.fullmatch(token) else None
    try:
        if trigger and settings_of(trigger)["who"] == MEMBERS and not user.is_authenticated:
            raise LoginNeeded(_("Log in to fill in this form."))
        if trigger is None or not _may_fill_in(trigger, user):
            raise FormClosed(_("There is no form at this address. Ask whoever gave it to you."))
    except InvalidTrigger:  # its settings are not finished
        raise FormClosed(_("This form is closed at the moment.")) from None
    workflow = trigger.workflow
    if not (trigger.is_active and workflow.published_version_id and workflow.status == Workflow.Status.ACTIVE):
        raise FormClosed(_("This form is closed at the moment."))
    return trigger


@transaction.atomic
def submit(trigger: Trigger, given: dict[str, Any], user: Any) -> None:
    """Start the workflow with what was filled in. Raises TooFast, WorkflowNotRunnable, LimitReached."""
    with connection.cursor() as cursor:
        cursor.execute(_PAY, {"id": trigger.pk, "limit": settings_of(trigger)["rate_limit"]})
        if not cursor.rowcount:
            raise TooFast(_("This form was sent very often just now. Please try again in a minute."))
    sender = user if isinstance(user, User) and trigger.workflow.organization_id in roles_of(user) else None
    executions.start(trigger.workflow, trigger=trigger, input=given, user=sender)


def _may_fill_in(trigger: Trigger, user: Any) -> bool:
    if settings_of(trigger)["who"] != MEMBERS:
        return True
    return user.is_superuser or trigger.workflow.organization_id in roles_of(user)
