"""The entry points of the queue: fetch, call the engine, stop. Each may run twice."""

from datetime import datetime
from uuid import UUID

from nocode.automation.engine import janitor, runner
from nocode.automation.engine.reopen import reopen
from nocode.foundation.queue import task


@task(timeout=300)
def execute_workflow_async(execution_id: str) -> None:
    """Run one execution, or a slice of it."""
    runner.run(execution_id, continue_later=continue_later)


def continue_later(execution_id: UUID, due_at: datetime | None) -> None:
    """Queue the rest of an execution, in the caller's transaction."""
    execute_workflow_async.enqueue(str(execution_id), due_at=due_at)


@task(timeout=300)
def retry_failed_step(execution_id: str, node_key: str) -> None:
    """Repeat one failed step with the saved context, and continue from it."""
    reopen(execution_id, node_key)
    runner.run(execution_id, continue_later=continue_later)


@task(timeout=300)
def cleanup_stale_executions() -> dict[str, int]:
    """Queue again what was lost, and fail what no worker has touched for two hours."""
    return {"failed": janitor.fail_stale(), "requeued": janitor.requeue_lost(continue_later)}
