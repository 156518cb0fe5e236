"""Deployments with real workers: killed in the middle, two at once, deleted under way."""

import os
import signal
import threading

import pytest
from django.db import close_old_connections, connection

from nocode.foundation.models import OutboxEvent, QueuedTask
from nocode.runtime.models import Deployment, GeneratedApp
from nocode.runtime.services import deployments
from nocode.runtime.tasks import build_deployment
from tests.factories import make_app
from tests.fixtures.cluster import is_alive
from tests.fixtures.stack import eventually
from tests.locks import nobody_may_use, waits_for

pytestmark = pytest.mark.django_db(transaction=True)

PAGES, HISTORY = "studio_page", "runtime_historicalgeneratedapp"


def steps_of(deployment: Deployment) -> list[str]:
    return list(deployment.logs.order_by("id").values_list("step", flat=True))


def is_online(deployment: Deployment) -> bool:
    return GeneratedApp.objects.filter(current_deployment=deployment, status="deployed").exists()


@pytest.mark.parametrize(
    ("held", "before"),
    [(PAGES, ["start"]), (HISTORY, ["start", "snapshot", "check"])],
    ids=["snapshot", "going online"],
)
def test_a_worker_that_is_killed_in_the_middle_is_replaced_and_nothing_is_told_twice(start_cluster, held, before):
    app = make_app()
    cluster = start_cluster(workers=1)
    deployment = deployments.deploy(app)
    with nobody_may_use(held):
        eventually(lambda: waits_for(held), within=20, what="the build to stand still")
        [victim] = cluster.workers
        taken = list(Deployment.objects.values_list("snapshot", flat=True))
        assert steps_of(deployment) == before

        os.kill(victim, signal.SIGKILL)
        eventually(lambda: not is_alive(victim), within=10)

    eventually(lambda: is_online(deployment), within=60, what="another worker to finish the deployment")
    assert steps_of(deployment) == ["start", "snapshot", "check", "online"]
    if taken != [None]:
        assert list(Deployment.objects.values_list("snapshot", flat=True)) == taken
    told = list(OutboxEvent.objects.filter(key=f"app:{app.pk}").order_by("id").values_list("name", flat=True))
    assert told == ["runtime.app.created", "runtime.deployment.started", "runtime.deployment.deployed"]


def test_of_many_deployments_at_once_the_last_one_stays(start_cluster):
    app = make_app()
    start_cluster(workers=2)

    made = [deployments.deploy(app) for _number in range(8)]

    eventually(lambda: not QueuedTask.objects.filter(name=build_deployment.name).exists(), within=30)
    app.refresh_from_db()
    assert (app.status, app.current_deployment) == ("deployed", made[-1])
    statuses = set(Deployment.objects.filter(app=app).exclude(pk=made[-1].pk).values_list("status", flat=True))
    assert statuses <= {"superseded", "deployed"}


def test_one_deployment_built_by_two_at_once_is_built_once():
    app = make_app()
    deployment = deployments.deploy(app)

    def build() -> None:
        try:
            build_deployment(str(deployment.pk))
        finally:
            close_old_connections()
            connection.close()

    builders = [threading.Thread(target=build) for _number in range(4)]
    for each in builders:
        each.start()
    for each in builders:
        each.join(30)

    assert is_online(deployment)
    assert steps_of(deployment) == ["start", "snapshot", "check", "online"]


def test_an_application_that_is_deleted_while_it_is_built_is_gone(start_cluster):
    app = make_app()
    start_cluster(workers=1)
    with nobody_may_use(PAGES):
        deployments.deploy(app)
        eventually(lambda: waits_for(PAGES), within=20, what="the build to stand still")
        deleting = threading.Thread(target=lambda: (GeneratedApp.objects.get(pk=app.pk).delete(), connection.close()))
        deleting.start()
    deleting.join(30)

    eventually(lambda: not QueuedTask.objects.filter(name=build_deployment.name).exists(), within=30)
    assert (GeneratedApp.objects.count(), Deployment.objects.count()) == (0, 0)
