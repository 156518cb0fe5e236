"""What an organization may use, what it uses, and the refusal of more.

Limits are counted from rows at the moment something is added, while the organization's row is held: of two at once, the
second waits and then counts the first. An organization without limits pays a look into this process's memory only.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, connections
from django.utils.translation import gettext as _

from nocode.foundation.meters import Meter, meters
from nocode.foundation.models import Organization, Plan, Subscription
from nocode.foundation.services.billing.errors import LimitReached

Limits = dict[str, int]

# For so many seconds a process may not notice that another one has given an organization its first limit of a kind.
REMEMBERED = 10
REMEMBERED_AT_MOST = 10_000


@dataclass(frozen=True)
class Usage:
    """How much of what a plan limits is used; `limit` is None when it does not."""

    meter: Meter
    used: int
    limit: int | None

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.used > self.limit

    @property
    def percent(self) -> int:
        """How full it is, 100 at most."""
        if self.limit is None:
            return 0
        return min(100, self.used * 100 // self.limit) if self.limit else 100

    @property
    def tone(self) -> str:
        """ok, wait (nearly full) or fail (full), as pills and bars are coloured."""
        if self.limit is None or self.percent < 80:
            return "ok"
        return "fail" if self.used >= self.limit else "wait"

    @property
    def shown_used(self) -> str:
        return self.meter.shown(self.used)

    @property
    def shown_limit(self) -> str:
        return "" if self.limit is None else self.meter.shown(self.limit)


class Memory:
    """The limits of the organizations this process has lately dealt with."""

    def __init__(self):
        self._known: dict[UUID, tuple[float, Limits]] = {}

    def limits(self, organization_id: UUID) -> Limits:
        """As they were at most REMEMBERED seconds ago."""
        forget_at, limits = self._known.get(organization_id, (0.0, {}))
        if forget_at > time.monotonic():
            return limits
        if len(self._known) >= REMEMBERED_AT_MOST:
            self._known = {}
        limits = plan_of(organization_id).limits
        self._known[organization_id] = time.monotonic() + REMEMBERED, limits
        return limits

    def forget(self) -> None:
        """A plan or a subscription has changed."""
        self._known = {}


memory = Memory()

_held: ContextVar[UUID | None] = ContextVar("the organization that is held beside the transaction", default=None)
_HOLD = "SELECT FROM foundation_organization WHERE id = %s FOR NO KEY UPDATE"


def plan_of(organization: Organization | UUID) -> Plan:
    """The plan of an organization's subscription, else the default one."""
    live = Subscription.objects.filter(organization=_id(organization)).exclude(status=Subscription.Status.ENDED)
    if subscription := live.select_related("plan").first():
        return subscription.plan
    return Plan.objects.filter(is_default=True).first() or Plan(name=_("Unlimited"), is_default=True)


def limits_of(organization: Organization | UUID) -> Limits:
    """The most allowed of each meter the plan limits."""
    return plan_of(organization).limits


def usage_of(organization: Organization | UUID, plan: Plan | None = None) -> list[Usage]:
    """What is used of everything a plan can limit, against the organization's plan or another one."""
    limits = (plan or plan_of(organization)).limits
    return [Usage(meter, meter.count(_id(organization)), limits.get(meter.kind)) for meter in meters]


def is_limited(organization: Organization | UUID, kind: str) -> bool:
    """Whether the plan limits this at all. Costs nothing once this process knows the organization."""
    return kind in memory.limits(_id(organization))


def require(organization: Organization | UUID, kind: str, adding: int = 1) -> None:
    """Raise LimitReached unless `adding` more of a meter fit the plan.

    Call it in the transaction that adds them: until its end nobody else adds any to this organization.
    """
    organization_id = _id(organization)
    if not is_limited(organization_id, kind):
        return
    meter = meters[kind]
    if meter.exact and _held.get() != organization_id:
        list(Organization.objects.select_for_update(no_key=True).filter(pk=organization_id).values_list("pk"))
    plan = plan_of(organization_id)  # again, now that a change of plan would have to wait for us
    limit = plan.limits.get(kind)
    if limit is not None and meter.is_over(organization_id, limit, adding):
        raise _refusal(plan, meter, limit, meter.count(organization_id))


@contextmanager
def holding(organization: Organization | UUID, kind: str) -> Iterator[None]:
    """Let nobody else add to an organization whose plan limits a meter, from before a transaction begins until its end.

    For one that reads as of one moment: if it held the organization itself, it would wait for others and then not see
    what they added. So a connection of its own holds it, and `require` inside only counts. In a transaction that has
    begun already there is nothing to do: `require` holds the organization until its end.
    """
    organization_id = _id(organization)
    if connection.in_atomic_block or not is_limited(organization_id, kind):
        yield
        return
    with closing(connections.create_connection("default")) as own, own.cursor() as cursor:
        cursor.execute("BEGIN; SET LOCAL statement_timeout = 0")
        cursor.execute(_HOLD, [organization_id])
        token = _held.set(organization_id)
        try:
            yield
        finally:
            _held.reset(token)


def _refusal(plan: Plan, meter: Meter, limit: int, used: int) -> LimitReached:
    message = _(
        "The plan “%(plan)s” allows %(limit)s for “%(what)s”, and %(used)s are used. "
        "Choose a larger plan under Billing, or %(advice)s."
    )
    values = {
        "plan": plan.name,
        "limit": meter.shown(limit),
        "what": meter.label,
        "used": meter.shown(used),
        "advice": meter.advice,
    }
    return LimitReached(message % values, meter=meter.kind, limit=limit, used=used, plan=plan.name)


def _id(organization: Organization | UUID) -> UUID:
    return getattr(organization, "pk", organization)
