"""The step that asks people."""

from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from nocode.automation import asking
from nocode.automation.errors import PermanentFailure
from nocode.automation.models import Approval, Workflow
from nocode.automation.nodes.base import Effect, Family, NodeType, Outcome, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField, holds_expression
from nocode.automation.nodes.message import AddressesField
from nocode.automation.nodes.questions import questions_field, without_choices
from nocode.foundation.models import Role, User

State = Approval.State
LONGEST = 24 * 366  # hours


def _hours_field(label: str, help_text: str) -> forms.FloatField:
    return forms.FloatField(label=label, required=False, min_value=0, max_value=LONGEST, help_text=help_text)


@node_types.register
class AskForApproval(NodeType):
    """Asks members of the organization for a decision and sleeps until the first of them answers.

    Reminders, escalation and expiry are times at which the step wakes: what is due is done together with writing when
    it wakes next, so each happens once.
    """

    kind, label, icon, family = "approval", _("Ask for approval"), "how_to_reg", Family.LOGIC
    summary = _("Ask people for a decision, in the console and by e-mail, and go on as they decide.")
    effect = Effect.TRANSACTION
    can_run_per_item = False

    class Config(ConfigForm):
        """What is asked of whom, and for how long."""

        title = TextField(label=_("Title"), max_length=200, help_text=_("What is to be decided, in a few words."))
        text = TextField(
            label=_("Text"),
            required=False,
            strip=False,
            widget=forms.Textarea(attrs={"rows": 5}),
            help_text=_("What people must know to decide. Markdown: **bold**, lists, links."),
        )
        people = AddressesField(
            label=_("People"),
            required=False,
            help_text=_("E-mail addresses of members of the organization, with commas between them."),
        )
        roles = forms.MultipleChoiceField(
            label=_("And everybody who is"),
            required=False,
            choices=Role.choices,
            widget=forms.CheckboxSelectMultiple,
        )
        fields_asked = questions_field(
            label=_("To fill in"),
            required=False,
            help_text=_("What else to ask; the output of this step has it as values.<key>."),
        )
        by_email = forms.BooleanField(
            label=_("Also by e-mail"),
            required=False,
            initial=True,
            help_text=_("With a link to answer without logging in. Everybody is told under the bell."),
        )
        expires = _hours_field(_("Expires after (hours)"), _("Empty: it waits however long it takes."))
        remind = _hours_field(_("Remind every (hours)"), _("Empty: never."))
        escalate = _hours_field(_("Ask others too after (hours)"), _("Empty: never."))
        escalate_to = AddressesField(
            label=_("Others to ask"), required=False, help_text=_("E-mail addresses of members of the organization.")
        )

    def ports(self, config: dict) -> list[tuple[str, str]]:
        return [("approved", _("approved")), ("rejected", _("rejected")), ("expired", _("expired"))]

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        problems = {}
        if not config.get("people") and not config.get("roles"):
            problems["people"] = [_("Say whom to ask.")]
        if config.get("escalate") not in (None, "") and not config.get("escalate_to"):
            problems["escalate_to"] = [_("Say whom else to ask.")]
        if problem := without_choices(config.get("fields_asked") or []):
            problems["fields_asked"] = [problem]
        for name in ("people", "escalate_to"):
            if config.get(name) and not holds_expression(config[name]):
                strangers = _strangers(AddressesField(required=False).clean(config[name]), workflow.organization_id)
                if strangers:
                    problems[name] = [_("Not a member of the organization: %s.") % ", ".join(strangers)]
        return problems

    def run(self, settings: dict, step: Step) -> Outcome:
        approval = Approval.objects.select_for_update(of=("self",)).of(step).first() or self._ask(settings, step)
        now = timezone.now()
        if approval.is_decided:
            return self._decided(approval, step)
        if approval.due_at and approval.due_at <= now:
            approval.state = State.EXPIRED
            approval.save()
            step.log("warning", _now("Nobody has decided in time."))
            return Outcome(_result(approval), (State.EXPIRED.value,))
        self._see_to(approval, now, step)
        return Outcome(None, waits=True, wake_at=approval.wake_at)

    @staticmethod
    def _ask(settings: dict, step: Step) -> Approval:
        members = User.objects.filter(is_active=True, memberships__organization=step.organization_id)
        people = list(members.filter(memberships__role__in=settings["roles"]).order_by("pk"))
        people += [each for each in _members(settings["people"], step) if each not in people]
        if not people:
            raise PermanentFailure(_("There is nobody to ask: no member of the organization has these roles."))
        now, every = timezone.now(), _hours(settings["remind"])
        approval = Approval.objects.create(
            execution_id=step.execution_id,
            node_key=step.key,
            iteration=step.iteration,
            attempt=step.attempt,
            organization_id=step.organization_id,
            workflow_name=step.workflow_name,
            title=settings["title"],
            text=settings["text"],
            fields_asked=settings["fields_asked"],
            by_email=settings["by_email"],
            asked=[each.pk for each in people],
            due_at=_after(now, _hours(settings["expires"])),
            remind_every=every,
            remind_at=_after(now, every),
            escalate_at=_after(now, _hours(settings["escalate"])),
            escalate_to=[each.pk for each in _members(settings["escalate_to"], step)],
        )
        asking.ask(approval, people)
        step.log("info", _now("Asked: %s.") % ", ".join(map(str, people)))
        return approval

    @staticmethod
    def _see_to(approval: Approval, now: datetime, step: Step) -> None:
        """Ask more people, and remind those asked, when it is time for that."""
        if approval.escalate_at and approval.escalate_at <= now:
            others = [pk for pk in approval.escalate_to if pk not in approval.asked]
            approval.escalate_at, approval.asked = None, [*approval.asked, *others]
            people = list(User.objects.filter(pk__in=others, is_active=True).order_by("pk"))
            asking.ask(approval, people)
            step.log("warning", _now("Asked, too, as nobody has decided: %s.") % ", ".join(map(str, people)))
            approval.save()
        if approval.remind_at and approval.remind_at <= now:
            asking.ask(
                approval, User.objects.filter(pk__in=approval.asked, is_active=True), again=approval.reminders + 1
            )
            approval.reminders += 1
            approval.remind_at = now + approval.remind_every
            step.log("info", _now("Reminded those who are asked."))
            approval.save()

    @staticmethod
    def _decided(approval: Approval, step: Step) -> Outcome:
        words = _now("Approved by %s.") if approval.state == State.APPROVED else _now("Rejected by %s.")
        step.log("info", words % approval.answered_by, comment=approval.comment)
        return Outcome(_result(approval), (approval.state,))


def _hours(amount: float | None) -> timedelta | None:
    return timedelta(hours=amount) if amount else None


def _after(moment: datetime, pause: timedelta | None) -> datetime | None:
    return moment + pause if pause else None


def _members(addresses: list[str], step: Step) -> list[User]:
    """The members of the organization with these addresses. Raises PermanentFailure for one that has none."""
    if strangers := _strangers(addresses, step.organization_id):
        raise PermanentFailure(_("Not a member of the organization: %s.") % ", ".join(strangers))
    return list(_having(addresses, step.organization_id).order_by("pk"))


def _strangers(addresses: list[str], organization_id: Any) -> list[str]:
    known = set(_having(addresses, organization_id).values_list("email", flat=True))
    return [each for each in _bare(addresses) if each not in known]


def _having(addresses: list[str], organization_id: Any):
    return User.objects.filter(email__in=_bare(addresses), is_active=True, memberships__organization=organization_id)


def _bare(addresses: list[str]) -> list[str]:
    return [parseaddr(each)[1].lower() for each in addresses]


def _result(approval: Approval) -> dict[str, Any]:
    """What the following steps see."""
    by = approval.answered_by
    return {
        "decision": approval.state,
        "approved": approval.state == State.APPROVED,
        "by": {"id": by.pk, "name": by.name, "email": by.email} if by else None,
        "at": approval.answered_at.isoformat() if approval.answered_at else None,
        "comment": approval.comment,
        "values": approval.values,
    }
