"""What the pages about applications and deployments read."""

from itertools import count
from uuid import UUID

from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.utils.text import slugify

from nocode.foundation.models import User
from nocode.runtime.models import Deployment, DeploymentLog, GeneratedApp

SHOWN = 20
HEAVY = ("snapshot", "problems")


def free_slug(name: str, besides: UUID | None = None) -> str:
    """An address for an application of that name which no other one has: `orders`, else `orders-2` …"""
    wanted = slugify(name)[:50].strip("-") or "app"
    others = GeneratedApp.objects.filter(slug__startswith=wanted).exclude(pk=besides)
    taken = set(others.values_list("slug", flat=True))
    numbered = (f"{wanted}-{number}" for number in count(2))
    return wanted if wanted not in taken else next(slug for slug in numbered if slug not in taken)


def deployments_of(app: GeneratedApp) -> list[Deployment]:
    """The latest deployments, newest first."""
    return list(app.deployments.select_related("created_by").defer(*HEAVY).order_by("-number")[:SHOWN])


def deployment_to_show() -> QuerySet[Deployment]:
    """A deployment with all its page says, and `last_line`, which grows with the log."""
    shown = Deployment.objects.select_related("app__project", "created_by").defer("snapshot")
    return shown.annotate(last_line=Max("logs__id"))


def log_of(deployment: Deployment) -> list[DeploymentLog]:
    """Every line, oldest first."""
    return list(deployment.logs.order_by("id"))


def others_to_compare(deployment: Deployment) -> list[Deployment]:
    """Deployments of the same application that have a snapshot, newest first."""
    others = Deployment.objects.filter(app=deployment.app_id, snapshot__isnull=False).exclude(pk=deployment.pk)
    return list(others.defer(*HEAVY).order_by("-number")[:SHOWN])


def failed_apps(user: User, limit: int = 5) -> list[GeneratedApp]:
    """Applications whose latest deployment failed, the latest first, each with its `latest_error`."""
    latest = Deployment.objects.filter(app=OuterRef("pk")).order_by("-number")
    failed = GeneratedApp.objects.visible_to(user).filter(status=GeneratedApp.Status.FAILED)
    found = failed.annotate(
        latest_id=Subquery(latest.values("pk")[:1]), latest_error=Subquery(latest.values("error")[:1])
    )
    return list(found.order_by("-updated_at")[:limit])
