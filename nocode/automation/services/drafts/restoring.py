"""Bring a version back: the operations that make the draft what it was then, in one change that can be undone."""

from collections.abc import Iterator
from itertools import takewhile

from django.db import transaction

from nocode.automation.comparison import way_of
from nocode.automation.models import Workflow, WorkflowVersion
from nocode.automation.services.drafts.applying import Applied, apply
from nocode.automation.services.drafts.draft import TYPED, Draft, Operation, Way, spelled
from nocode.foundation.models import User


@transaction.atomic
def restore(workflow: Workflow, version: WorkflowVersion, *, user: User | None = None) -> Applied | None:
    """Make the steps and connections of the draft those of a version; None when they are.

    Steps that are still there keep their ids; the settings of the workflow and its triggers stay as they are.
    """
    workflow = Workflow.objects.select_for_update().get(pk=workflow.pk)
    operations = list(_way_back(Draft(workflow), version.graph))
    return apply(workflow, operations, user=user) if operations else None


def _way_back(draft: Draft, graph: dict) -> Iterator[Operation]:
    wanted = {node["key"]: {"is_disabled": False, **node} for node in graph["nodes"]}
    ways = [way_of(edge) for edge in graph["edges"]]
    kept = {key for key, node in draft.nodes.items() if key in wanted and wanted[key]["kind"] == node.kind}
    there = [way for way in draft.edges if {way[0], way[2]} <= kept]
    staying = _in_order(there, ways)
    yield from (_connection("disconnect", way) for way in there if way not in staying)
    if gone := [key for key in draft.nodes if key not in kept]:
        yield {"op": "remove", "steps": gone}
    yield from ({"op": "add", "step": node} for key, node in wanted.items() if key not in kept)
    for key in kept:
        now = spelled(draft.nodes[key])
        if values := {name: wanted[key][name] for name in TYPED if wanted[key][name] != now[name]}:
            yield {"op": "configure", "step": key, **values}
    places = {key: [node["x"], node["y"]] for key, node in wanted.items() if key in kept}
    if moved := {key: place for key, place in places.items() if place != [draft.nodes[key].x, draft.nodes[key].y]}:
        yield {"op": "move", "places": moved}
    yield from (_connection("connect", way) for way in ways if way not in staying)


def _in_order(there: list[Way], wanted: list[Way]) -> list[Way]:
    """The connections that may stay: those behind keep the order in which branches are merged."""
    first = list(takewhile(lambda way: way in there, wanted))
    return [
        way for way, _same in takewhile(lambda pair: pair[0] == pair[1], zip(first, _of(there, first), strict=True))
    ]


def _of(there: list[Way], chosen: list[Way]) -> list[Way]:
    return [way for way in there if way in chosen]


def _connection(op: str, way: Way) -> Operation:
    source, port, target = way
    return {"op": op, "source": source, "port": port, "target": target}
