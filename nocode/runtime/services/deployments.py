"""Deploy an application, take it back to an earlier deployment, put it away and bring it back."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation.events import bus
from nocode.foundation.middleware import calling_address
from nocode.foundation.models import User
from nocode.runtime import building, comparison
from nocode.runtime.errors import AppArchived, AppGone, CannotRollBack
from nocode.runtime.events import app_event, deployment_event
from nocode.runtime.models import Deployment, DeploymentLog, GeneratedApp
from nocode.runtime.tasks import build_deployment

Status = GeneratedApp.Status


@transaction.atomic
def deploy(app: GeneratedApp, user: User | None = None, note: str = "") -> Deployment:
    """Queue a deployment of the project as it will be when the build begins.

    One that is still being built is superseded: the later one wins. Raises AppArchived.
    """
    app = _locked(app)
    number = (app.deployments.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    building.supersede(app, _("Deployment %d came after this one, before it was online.") % number)
    deployment = Deployment.objects.create(app=app, number=number, note=note, created_by=user)
    if app.status != Status.BUILDING:
        app.move_to(Status.BUILDING)
        app.save(update_fields=["status", "updated_at"])
    build_deployment.enqueue(deployment.pk, calling_address())
    return deployment


def build(deployment: Deployment) -> Deployment:
    """Build here and now what `deploy` has queued, and return it as it then is."""
    building.build(deployment.pk)
    deployment.refresh_from_db()
    return deployment


@transaction.atomic
def roll_back(app: GeneratedApp, deployment: Deployment, user: User | None = None) -> GeneratedApp:
    """Put an earlier (or a later) deployment online again: only the pointer moves. Raises CannotRollBack."""
    app = _locked(app)
    deployment = Deployment.objects.defer("snapshot").get(pk=deployment.pk, app=app)
    deployment.app = app
    if deployment.status != Deployment.Status.DEPLOYED:
        raise CannotRollBack(_("Deployment %d was never online.") % deployment.number)
    if deployment.pk == app.current_deployment_id:
        raise CannotRollBack(_("Deployment %d is online already.") % deployment.number)
    building.supersede(app, _("Deployment %d was put online again meanwhile.") % deployment.number)
    before = Deployment.objects.filter(pk=app.current_deployment_id).values_list("number", flat=True).first()
    app.put_online(deployment)
    app.save(update_fields=GeneratedApp.ONLINE_FIELDS)
    deployment.log(DeploymentLog.Step.ROLL_BACK, _rolled_back(before, user))
    bus.publish(deployment_event(deployment, "rolled_back", user, instead_of=before))
    return app


def _rolled_back(before: int | None, user: User | None) -> str:
    facts = {"user": user or "–", "number": before}
    if before is None:
        return _("Put online again by %(user)s.") % facts
    return _("Put online again by %(user)s, instead of deployment %(number)d.") % facts


@transaction.atomic
def archive(app: GeneratedApp, user: User | None = None) -> GeneratedApp:
    """Take it offline; its deployments stay. What is being built ends."""
    app = _locked(app)
    building.supersede(app, _("The application was archived meanwhile."))
    return _move(app, Status.ARCHIVED, "archived", user)


@transaction.atomic
def restore(app: GeneratedApp, user: User | None = None) -> GeneratedApp:
    """Bring an archived application back as it was served, or as a draft."""
    app = _locked(app, archived=True)
    if app.current_deployment_id:
        app.online_since = timezone.now()
    return _move(app, Status.DEPLOYED if app.current_deployment_id else Status.DRAFT, "restored", user)


def _move(app: GeneratedApp, status: GeneratedApp.Status, what: str, user: User | None) -> GeneratedApp:
    app.move_to(status)
    app.save(update_fields=["status", "online_since", "updated_at"])
    bus.publish(app_event(app, what, user))
    return app


def compare(before: Deployment | None, after: Deployment) -> list[comparison.Change]:
    """What changed from one deployment to the other; nothing when one of them has no snapshot."""
    if before is None or not before.snapshot or not after.snapshot:
        return []
    return comparison.compare(before.snapshot, after.snapshot)


def _locked(app: GeneratedApp, *, archived: bool = False) -> GeneratedApp:
    locked = building.lock_app(app.pk)
    if locked is None:
        raise AppGone(_("This application was deleted meanwhile."))
    if locked.status == Status.ARCHIVED and not archived:
        raise AppArchived(_("This application is archived; restore it first."))
    return locked
