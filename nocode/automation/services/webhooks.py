"""Receives webhook calls: decides whether to accept one, has it stored, and answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings as django_settings
from django.db import connection
from django.utils.translation import gettext as _

from nocode.automation.models import Trigger, Workflow
from nocode.automation.models.trigger import TOKEN
from nocode.automation.services import deliveries, replies
from nocode.automation.services.replies import Reply
from nocode.automation.triggers import InvalidTrigger, checked_settings
from nocode.automation.triggers.signatures import NotVerified, Received, schemes
from nocode.automation.triggers.webhook import AT_ONCE, delivery_id
from nocode.automation.webhooks import refusals
from nocode.automation.webhooks.bodies import check_type, read_body
from nocode.automation.webhooks.call import Call, bearer_text
from nocode.automation.webhooks.senders import is_listed
from nocode.foundation.crypto import CannotDecrypt, decrypt
from nocode.foundation.models import ApiToken
from nocode.foundation.prepared import Prepared
from nocode.foundation.services import auth, billing


@dataclass(frozen=True)
class Hook:
    """As much of a webhook trigger as a call needs: this path is too busy for model instances."""

    id: UUID
    organization_id: UUID
    settings: Mapping[str, Any]
    secret: str
    next_delivery: int  # the number of this call, should it be accepted: the task that is stored with it must know it


_FIND = Prepared(
    "webhook_find",
    """
    SELECT hook.id, workflow.organization_id, hook.config::text, hook.secret, hook.is_active, workflow.status,
           workflow.published_version_id IS NOT NULL, nextval('automation_webhookdelivery_id_seq')
    FROM automation_trigger AS hook JOIN automation_workflow AS workflow ON workflow.id = hook.workflow_id
    WHERE hook.kind = 'webhook' AND hook.token = %(token)s
    """,
    token="text",  # noqa: S106 (a type)
)


def receive(token: str, call: Call) -> Reply:
    """Take in a call of `/hooks/<token>/`. Raises CallRefused."""
    hook = _listening(token)
    settings = hook.settings
    _check_head(settings, call)
    _read(settings, call)
    call.caller_id = _verify(hook, call)
    body = read_body(call.content_type, call.body)
    challenge = schemes[settings["security"]].challenge(body)
    if challenge is not None:
        return Reply(HTTPStatus.OK, {"challenge": challenge})
    what = hook.next_delivery, hook.id, settings, call, delivery_id(settings, call.headers, body)
    if billing.is_limited(hook.organization_id, "executions"):
        accepted = deliveries.store_within_plan(hook.organization_id, *what)
    else:
        accepted = deliveries.store(*what)
    return replies.started(accepted) if settings["answer"] == AT_ONCE else replies.result(accepted)


def _listening(token: str) -> Hook:
    """The webhook behind a token. An impossible token costs the same query and gets the same answer as a wrong one."""
    with connection.cursor() as cursor:
        _FIND.execute(cursor, {"token": token if TOKEN.fullmatch(token) else ""})
        row = cursor.fetchone()
    if row is None:
        raise refusals.UnknownWebhook(_("There is no webhook at this address. Copy it again from NoCode."))
    pk, organization_id, config, secret, is_active, status, is_published, next_delivery = row
    _check_open(is_active, Workflow.Status(status), is_published)
    try:
        settings = checked_settings(Trigger.Kind.WEBHOOK, config)
    except InvalidTrigger as error:
        raise refusals.NotListening(_("The settings of this webhook must be corrected: %s") % error) from None
    if schemes[settings["security"]].has_secret and not secret:
        raise refusals.NotListening(_("This webhook has no secret yet. Make one on its page in NoCode."))
    return Hook(pk, organization_id, settings, secret, next_delivery)


def _check_open(is_active: bool, status: Workflow.Status, is_published: bool) -> None:
    if not is_active:
        raise refusals.NotListening(_("This webhook is switched off. Switch it on in NoCode."))
    if not is_published:
        raise refusals.NotListening(_("The workflow of this webhook has never been published. Publish it in NoCode."))
    if status != Workflow.Status.ACTIVE:
        raise refusals.NotListening(
            _("The workflow of this webhook is %s. Activate it in NoCode.") % status.label.lower(),
            workflow_status=status,
        )


def _check_head(settings: Mapping[str, Any], call: Call) -> None:
    """All that can be refused before the body is read."""
    methods = settings["methods"]
    if call.method not in methods:
        names = ", ".join(methods)
        raise refusals.MethodRefused(
            _("Call this webhook with %s.") % names, headers={"Allow": names}, allowed=list(methods)
        )
    networks = settings["allowed_ips"].split()
    if networks and not is_listed(call.address, networks):
        raise refusals.AddressNotListed(
            _("Calls from %s are not allowed. The list of addresses is in the webhook's settings.")
            % (call.address or _("an unknown address"))
        )
    check_type(call.content_type)


def _read(settings: Mapping[str, Any], call: Call) -> None:
    most = django_settings.WEBHOOK_MAX_BODY_BYTES
    limit = min(settings["max_body_bytes"] or most, most)
    if call.length is None or call.length <= limit:
        call.body = call.read(limit + 1)
    if (call.length or 0) > limit or len(call.body) > limit:
        raise refusals.BodyTooLarge(
            _("The body is larger than the %d bytes this webhook accepts.") % limit, limit=limit
        )
    if call.length is not None and len(call.body) < call.length:
        raise refusals.BadBody(_("The body ended after %d bytes; more had been announced.") % len(call.body))


def _verify(hook: Hook, call: Call) -> int | None:
    """Return when the sender has proved who it is: the member it acts for, if any."""
    scheme = schemes[hook.settings["security"]]
    if scheme.kind == "token":
        return _member(hook, call)
    try:
        received = Received(call.headers, call.body, call.now)
        scheme.verify(decrypt(hook.secret), received, hook.settings)
    except NotVerified as error:
        challenge = {"WWW-Authenticate": 'Basic realm="webhook"'} if scheme.kind == "basic" else {}
        raise refusals.SenderRefused(error.message, headers=challenge) from None
    except CannotDecrypt as error:
        raise refusals.NotListening(error.message) from None
    return None


def _member(hook: Hook, call: Call) -> int:
    """Whose API token came along; the person must be allowed to run workflows here."""
    text = bearer_text(call.headers)
    challenge = {"WWW-Authenticate": "Bearer"}
    if not text:
        raise refusals.SenderRefused(_("Send an API token in the header Authorization: Bearer …"), headers=challenge)
    try:
        token = auth.bearer_of(text, ApiToken.Scope.RUN)
    except auth.TokenRefused as error:
        raise refusals.SenderRefused(error.message, headers=challenge) from None
    here = Workflow(organization_id=hook.organization_id)
    if token.organization_id != hook.organization_id or not token.user.has_perm("automation.run_workflow", here):
        raise refusals.SenderRefused(_("The person this token acts for may not run this workflow."))
    return token.user_id
