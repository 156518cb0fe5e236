from nocode.foundation.models.account import AddressChange
from nocode.foundation.models.attempts import FailedAttempts
from nocode.foundation.models.base import Record, ScopedQuerySet
from nocode.foundation.models.billing import Invoice, InvoiceCounter, Plan, Subscription
from nocode.foundation.models.event import OutboxEvent
from nocode.foundation.models.invitation import Invitation
from nocode.foundation.models.message import Email, Notification
from nocode.foundation.models.organization import Membership, Organization, Role
from nocode.foundation.models.queue import QueuedTask, Worker
from nocode.foundation.models.secret import SecretText
from nocode.foundation.models.session import LoginSession
from nocode.foundation.models.token import ApiToken
from nocode.foundation.models.user import User

__all__ = [
    "AddressChange",
    "ApiToken",
    "Email",
    "FailedAttempts",
    "Invitation",
    "Invoice",
    "InvoiceCounter",
    "LoginSession",
    "Membership",
    "Notification",
    "Organization",
    "OutboxEvent",
    "Plan",
    "QueuedTask",
    "Record",
    "Role",
    "ScopedQuerySet",
    "SecretText",
    "Subscription",
    "User",
    "Worker",
]
