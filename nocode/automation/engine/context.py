"""The roots that expressions see."""

from typing import Any

from nocode.automation.engine.graph import Graph
from nocode.automation.engine.store import Leased


def roots_of(leased: Leased, graph: Graph) -> dict[str, Any]:
    """`trigger`, `input`, `vars`, `workflow` and `execution` of a run; `steps` grows as the run goes on."""
    return {
        "trigger": leased.input,
        "input": leased.input,
        "vars": graph.settings.get("variables", {}),
        "workflow": {"id": str(leased.workflow_id) if leased.workflow_id else None, "name": leased.workflow_name},
        "execution": {"id": str(leased.id), "started_at": leased.started_at.isoformat()},
        "item": None,
        "index": None,
        "secrets": {},
    }
