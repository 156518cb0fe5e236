"""What a person wants to be told of executions, and how: in general, and of single workflows."""

from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from nocode.automation.models import NotificationDelivery, NotificationRule, Workflow
from nocode.automation.outgoing import http
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import Organization, User

On, Channel = NotificationRule.On, NotificationDelivery.Channel
RECENT = 10


class AddressMissing(NoCodeError):
    """Enter the address to call."""


@dataclass
class Choice:
    """What a person is told: of each end of an execution, in which ways. `is_own`: said so for this very workflow."""

    channels: dict[str, set[str]] = field(default_factory=dict)
    host: str = ""  # of the address that is called
    is_own: bool = False

    @property
    def summary(self) -> list[tuple[str, str]]:
        """(end, ways) in words, of the ends there is something to tell of."""
        labels = dict(Channel.choices)
        return [
            (On(on).label, ", ".join(str(labels[each]).lower() for each in Channel if each in ways))
            for on, ways in self.channels.items()
            if ways
        ]


def choice_of(user: User, organization: Organization, workflow: Workflow | None = None) -> Choice:
    """What holds for a workflow, or in general: what the person chose, else that authors hear of failures."""
    rules = list(_rules(user, organization).filter(Q(workflow=None) | Q(workflow=workflow)))
    own = [rule for rule in rules if rule.workflow_id == (workflow and workflow.pk)]
    choice = choice_from(own or rules, is_own=bool(own))
    if workflow and workflow.created_by_id == user.pk and On.FAILED not in {rule.on for rule in own or rules}:
        choice.channels[On.FAILED] = {Channel.CONSOLE}
    return choice


def choice_from(rules: list[NotificationRule], *, is_own: bool = True) -> Choice:
    """Rules of one scope as one choice."""
    chosen = {rule.on: rule.channels for rule in rules}
    with_address = next((rule for rule in rules if rule.webhook_url), None)
    return Choice({on: chosen.get(on, set()) for on in On}, _host(with_address), is_own)


@transaction.atomic
def save(
    user: User,
    organization: Organization,
    workflow: Workflow | None,
    channels: dict[str, set[str]],
    address: str = "",
) -> None:
    """Keep what a person chose, for one workflow or (None) for all without a choice of their own.

    Nothing ticked means silence for one workflow, and no choice in general: authors still hear of failures then. An
    empty address keeps the one there is. Raises AddressMissing when one is needed.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # one change at a time
    about = Q(workflow=None) | Q(workflow=workflow)
    known = _rules(user, organization).filter(about, ~Q(webhook_url="")).order_by("workflow").first()
    if any(Channel.WEBHOOK in ways for ways in channels.values()) and not (address or known):
        raise AddressMissing(_("Enter the address to call."))
    for on in On:
        ways, same = channels.get(on, set()), _rules(user, organization).filter(workflow=workflow, on=on)
        if workflow is None and not ways:
            same.delete()
            continue
        rule = same.first() or NotificationRule(user=user, organization=organization, workflow=workflow, on=on)
        rule.in_console, rule.by_email = Channel.CONSOLE in ways, Channel.EMAIL in ways
        if Channel.WEBHOOK not in ways:
            rule.webhook_url = ""
        elif address:
            rule.keep_address(address)
        else:
            rule.webhook_url = known.webhook_url
        rule.save()


def forget(user: User, organization: Organization, workflow: Workflow | None) -> None:
    """Go back to what holds without this choice."""
    _rules(user, organization).filter(workflow=workflow).delete()


def undelivered(user: User) -> QuerySet[NotificationDelivery]:
    """What could not be told lately."""
    failed = NotificationDelivery.objects.visible_to(user).filter(status=NotificationDelivery.Status.FAILED)
    return failed.select_related("execution").defer("execution__input", "execution__output")[:RECENT]


def all_rules(user: User) -> QuerySet[NotificationRule]:
    """Everything a person chose, in the organizations they still see."""
    rules = NotificationRule.objects.visible_to(user).filter(organization__in=Organization.objects.visible_to(user))
    return rules.select_related("workflow", "organization").order_by("workflow__name", "pk")


def _rules(user: User, organization: Organization) -> QuerySet[NotificationRule]:
    return NotificationRule.objects.filter(user=user, organization=organization)


def _host(rule: NotificationRule | None) -> str:
    """The host of the address, which may be shown; the rest of it may let people in."""
    try:
        return http.host_of(rule.read_address()) if rule else ""
    except NoCodeError:
        return "?"
