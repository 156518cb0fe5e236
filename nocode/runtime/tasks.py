"""The entry points of the queue."""

from nocode.foundation.middleware import called_from
from nocode.foundation.queue import every, task
from nocode.runtime import building


@task(timeout=300)
def build_deployment(deployment_id: str, address: str = "") -> None:
    """Build one deployment, from wherever it stands, for whoever asked for it from that address."""
    with called_from(address):
        building.build(deployment_id)


@every(seconds=30)
def resume_lost_deployments() -> None:
    """Take up deployments whose worker or whose place in the queue was lost."""
    for deployment_id in building.lost():
        build_deployment.enqueue(deployment_id)
