"""From a workflow to its file: the draft, its triggers without their secrets, and what it needs to run elsewhere."""

import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any

from nocode.automation.models import Workflow
from nocode.automation.transfer.format import FORMAT, NODE_FIELDS, SUFFIX, TRIGGER_FIELDS, VERSION, file_name
from nocode.automation.transfer.needs import integrations_of, tables_of, workflows_of


def outline(workflow: Workflow) -> dict[str, Any]:
    """All of a workflow's draft as plain values."""
    nodes, edges = list(workflow.nodes.all()), list(workflow.edges.all())
    triggers = list(workflow.triggers.all())
    keys = {node.pk: node.key for node in nodes}
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": workflow.name,
        "description": workflow.description,
        "settings": {
            "timeout": workflow.timeout,
            "retention_days": workflow.retention_days,
            "failed_retention_days": workflow.failed_retention_days,
            "variables": workflow.variables,
        },
        "nodes": [{name: getattr(node, name) for name in NODE_FIELDS} for node in nodes],
        "edges": [
            {"source": keys[edge.source_id], "port": edge.port, "target": keys[edge.target_id]} for edge in edges
        ],
        "triggers": [{name: getattr(trigger, name) for name in TRIGGER_FIELDS} for trigger in triggers],
        "needs": {
            "integrations": integrations_of(workflow, nodes),
            "workflows": workflows_of(workflow, nodes),
            "tables": tables_of(workflow, [*nodes, *triggers]),
        },
    }


def dump(workflow: Workflow) -> bytes:
    """The file of a workflow; lines and order stay the same for the same workflow, so that files can be compared."""
    return json.dumps(outline(workflow), ensure_ascii=False, indent=2).encode() + b"\n"


def pack(chosen: Iterable[Workflow]) -> bytes:
    """A zip with the files of several workflows; of one name, numbered."""
    stream, taken = io.BytesIO(), set()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for workflow in chosen:
            name = plain = file_name(workflow)
            number = 1
            while name in taken:
                number += 1
                name = f"{plain.removesuffix(SUFFIX)}-{number}{SUFFIX}"
            taken.add(name)
            archive.writestr(name, dump(workflow))
    return stream.getvalue()
