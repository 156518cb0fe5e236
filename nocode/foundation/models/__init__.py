from nocode.foundation.models.base import Record, ScopedQuerySet
from nocode.foundation.models.event import OutboxEvent
from nocode.foundation.models.organization import Membership, Organization, Role
from nocode.foundation.models.queue import QueuedTask, Worker
from nocode.foundation.models.user import User

__all__ = [
    "Membership",
    "Organization",
    "OutboxEvent",
    "QueuedTask",
    "Record",
    "Role",
    "ScopedQuerySet",
    "User",
    "Worker",
]
