"""Builds a deployment, step by step.

Each step is one transaction that locks the application, does its work and writes its lines in the log. The lines are
the progress: whoever takes the deployment up again, after a crash or beside another worker, goes on after the last step
that was committed, and nothing is done or told twice.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nocode.foundation.database import is_connection_lost
from nocode.foundation.events import bus
from nocode.runtime import preflight, snapshots
from nocode.runtime.events import deployment_event
from nocode.runtime.models import Deployment, DeploymentLog, GeneratedApp

logger = logging.getLogger(__name__)

# A deployment nobody has touched for this long was lost by its worker or by the queue.
LOST_AFTER = timedelta(minutes=2)
GIVE_UP_AFTER = timedelta(minutes=30)

Level, Step = DeploymentLog.Level, DeploymentLog.Step


def build(deployment_id: UUID | str) -> None:
    """Do the steps that are still to do; none when the deployment has ended meanwhile, or is gone with its project.

    What nobody expected ends it as failed, and is raised; an outage does not: then the queue tries again.
    """
    try:
        for step, work, *reads in STEPS:
            found = [read(deployment_id) for read in reads]
            with transaction.atomic():
                deployment = lock(deployment_id)
                if deployment is None or deployment.is_finished:
                    return
                if not deployment.logs.filter(step=step).exists():
                    work(deployment, *found)
    except Exception as error:
        if not is_connection_lost(error):
            give_up(deployment_id, _("Something unexpected happened: %s") % type(error).__name__)
        raise


def lock(deployment_id: UUID | str) -> Deployment | None:
    """The deployment as it is now, with its application locked against everybody else; None when it is gone."""
    found = Deployment.objects.filter(pk=deployment_id).values_list("app", flat=True).first()
    app = found and lock_app(found)
    deployment = app and Deployment.objects.filter(pk=deployment_id).first()
    if deployment:
        deployment.app = app
    return deployment or None


def lock_app(app_id: UUID) -> GeneratedApp | None:
    """The application, locked: whatever changes what it serves takes its turn."""
    apps = GeneratedApp.objects.select_related("project").select_for_update(of=("self",), no_key=True)
    return apps.filter(pk=app_id).first()


def _start(deployment: Deployment) -> None:
    deployment.move_to(Deployment.Status.BUILDING)
    deployment.started_at = timezone.now()
    deployment.save(update_fields=["status", "started_at", "updated_at"])
    deployment.log(Step.START, _("Deployment %d begins.") % deployment.number)
    bus.publish(deployment_event(deployment, "started"))


def _read_project(deployment_id: UUID | str) -> snapshots.Snapshot | None:
    app = GeneratedApp.objects.select_related("project").filter(deployments=deployment_id).first()
    return app and snapshots.take(app)


def _keep_snapshot(deployment: Deployment, snapshot: snapshots.Snapshot) -> None:
    deployment.snapshot = snapshot
    deployment.checksum = snapshots.checksum(snapshot)
    deployment.save(update_fields=["snapshot", "checksum", "updated_at"])
    deployment.log(Step.SNAPSHOT, " · ".join(_contents(snapshot)))
    if Deployment.objects.filter(pk=deployment.app.current_deployment_id, checksum=deployment.checksum).exists():
        deployment.log(Step.SNAPSHOT, _("Nothing differs from what is online."))


def _contents(snapshot: snapshots.Snapshot) -> Iterator[str]:
    pages, tables, workflows = (len(snapshot[each]) for each in ("pages", "tables", "workflows"))
    yield ngettext("%d page", "%d pages", pages) % pages
    yield ngettext("%d table", "%d tables", tables) % tables
    yield ngettext("%d workflow", "%d workflows", workflows) % workflows


def _check(deployment: Deployment) -> None:
    for warning in preflight.warnings(deployment.snapshot):
        deployment.log(Step.CHECK, warning, Level.WARNING)
    problems = preflight.problems(deployment.snapshot, deployment.app.project)
    if not problems:
        deployment.log(Step.CHECK, _("Everything the pages need is there."))
        return
    for problem in problems:
        deployment.log(Step.CHECK, str(problem), Level.ERROR)
    deployment.problems = [problem.as_json() for problem in problems]
    count = len(problems)
    fail(deployment, ngettext("%d problem must be solved first.", "%d problems must be solved first.", count) % count)


def _go_online(deployment: Deployment) -> None:
    app = deployment.app
    deployment.instead_of_id = app.current_deployment_id
    app.put_online(deployment)
    deployment.move_to(Deployment.Status.DEPLOYED)
    deployment.finished_at = app.online_since
    deployment.save(update_fields=["status", "finished_at", "instead_of", "updated_at"])
    app.save(update_fields=GeneratedApp.ONLINE_FIELDS)
    deployment.log(Step.ONLINE, _("Online at %s") % app.address)
    bus.publish(deployment_event(deployment, "deployed"))


# What is done with the application locked; and, before, what is read of the project for it, which may take its time.
STEPS: list[tuple] = [  # (name of the step, work, *reads)
    (Step.START, _start),
    (Step.SNAPSHOT, _keep_snapshot, _read_project),
    (Step.CHECK, _check),
    (Step.ONLINE, _go_online),
]


def fail(deployment: Deployment, why: str) -> None:
    """End as failed, in the caller's transaction; what was online stays online."""
    app = deployment.app
    _end(deployment, Deployment.Status.FAILED, why, Level.ERROR)
    app.move_to(GeneratedApp.Status.FAILED)
    app.save(update_fields=["status", "updated_at"])
    if app.current_deployment_id:
        deployment.log(Step.END, _("The deployment before stays online."))
    bus.publish(deployment_event(deployment, "failed"))


def supersede(app: GeneratedApp, why: str) -> None:
    """End what is being built for a locked application; its worker will find out at its next step."""
    for deployment in app.deployments.filter(status__in=Deployment.UNFINISHED).defer("snapshot"):
        _end(deployment, Deployment.Status.SUPERSEDED, why, Level.WARNING)


def _end(deployment: Deployment, status: Deployment.Status, why: str, level: DeploymentLog.Level) -> None:
    deployment.move_to(status)
    deployment.finished_at = timezone.now()
    deployment.error = why
    deployment.save(update_fields=["status", "finished_at", "error", "problems", "updated_at"])
    deployment.log(Step.END, why, level)


def give_up(deployment_id: UUID | str, why: str) -> None:
    """End a deployment that cannot go on, unless it has ended."""
    with transaction.atomic():
        deployment = lock(deployment_id)
        if deployment and not deployment.is_finished:
            fail(deployment, why)


def lost() -> list[UUID]:
    """Deployments to be taken up again; those that were lost again and again are ended as failed."""
    with transaction.atomic():
        unfinished = Deployment.objects.filter(status__in=Deployment.UNFINISHED, updated_at__lt=Now() - LOST_AFTER)
        found = list(unfinished.select_for_update(skip_locked=True, no_key=True).values_list("pk", "created_at"))
        Deployment.objects.filter(pk__in=[pk for pk, _at in found]).update(updated_at=Now())  # not again at once
    too_old = timezone.now() - GIVE_UP_AFTER
    for pk, created_at in found:
        if created_at < too_old:
            give_up(pk, _("No worker could finish this deployment."))
    return [pk for pk, created_at in found if created_at >= too_old]
