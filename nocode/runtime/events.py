"""What the runtime announces: names and payloads, in one place."""

from typing import Any

from nocode.foundation.events import Event
from nocode.foundation.models import User
from nocode.runtime.models import Deployment, GeneratedApp


def app_event(app: GeneratedApp, what: str, user: User | None = None) -> Event:
    """`runtime.app.created`, `.archived` or `.restored`."""
    return _event(f"app.{what}", app, user, {"status": app.status})


def deployment_event(deployment: Deployment, what: str, user: User | None = None, **more: Any) -> Event:
    """`runtime.deployment.started`, `.deployed`, `.failed` or `.rolled_back`."""
    payload = {"deployment_id": str(deployment.pk), "number": deployment.number, "error": deployment.error, **more}
    return _event(f"deployment.{what}", deployment.app, user, payload)


def _event(name: str, app: GeneratedApp, user: User | None, payload: dict[str, Any]) -> Event:
    """Without a user, the actor is who asked for the current request or task."""
    about = {
        "app_id": str(app.pk),
        "app_name": app.name,
        "slug": app.slug,
        "project_id": str(app.project_id),
        "organization_id": str(app.project.organization_id),
    }
    return Event(
        f"runtime.{name}", about | payload, f"app:{app.pk}", app.project.organization_id, user.pk if user else None
    )
