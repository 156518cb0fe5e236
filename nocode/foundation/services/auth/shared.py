"""What the services of accounts share: links that are kept as hashes, and events about a person."""

import hashlib
from typing import Any

from nocode.foundation.events import Event, bus
from nocode.foundation.models import Organization, User


def hash_of(token: str) -> str:
    """What is stored and looked up: neither a reader of the database nor a stopwatch learns a token from it."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def tell(
    name: str, user: User, payload: dict[str, Any], organization: Organization | None = None, *, actor_id: int | None
) -> None:
    """Publish an event about a person."""
    bus.publish(Event(name, payload, f"user:{user.pk}", organization and organization.pk, actor_id))
