"""Apply operations to a draft: all or none, one person at a time, each remembered for those who did not see it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.errors import InvalidDraft
from nocode.automation.models import DraftChange, Workflow
from nocode.automation.services.drafts import places
from nocode.automation.services.drafts.draft import Draft, Operation
from nocode.automation.services.drafts.operations import perform
from nocode.foundation.models import User

REMEMBERED = 200  # changes of a draft that are kept
MOST_OPERATIONS = 2000
NAMES_SHOWN = 3


class DraftConflict(InvalidDraft):
    """Somebody else changed this draft meanwhile."""

    def __init__(self, revision: int, changes: list[DraftChange]):
        super().__init__()
        self.revision, self.changes = revision, changes


@dataclass(frozen=True)
class Applied:
    """What came of it: the new revision, what takes it back, the graph as it was, and the draft as it is now."""

    revision: int
    inverse: list[Operation]
    before: dict[str, Any]
    draft: Draft

    @property
    def added(self) -> list[str]:
        """The keys of steps that were not there before."""
        known = {node["key"] for node in self.before["nodes"]}
        return [key for key in self.draft.nodes if key not in known]


def revision_of(workflow: Workflow) -> int:
    """How often the draft was changed."""
    return workflow.draft_changes.values_list("revision", flat=True).first() or 0


@transaction.atomic
def apply(
    workflow: Workflow,
    operations: Any,
    *,
    user: User | None = None,
    revision: int | None = None,
    on_canvas: bool = False,
) -> Applied:
    """Do operations in their order, all or none; on the canvas, the places that were drawn are kept first.

    Raises DraftConflict when `revision`, what the person saw, is not the newest, and InvalidDraft, which names what is
    wrong with an operation.
    """
    workflow = Workflow.objects.select_for_update().get(pk=workflow.pk)
    newest = revision_of(workflow)
    if revision is not None and revision != newest:
        raise DraftConflict(newest, changes_since(workflow, revision))
    if not isinstance(operations, list) or not 0 < len(operations) <= MOST_OPERATIONS:
        raise InvalidDraft(_("Send a list of 1 to %d operations.") % MOST_OPERATIONS)
    draft = Draft(workflow)
    draft.look_up([pk for each in operations for pk in _ids(each)])
    if on_canvas:
        places.settle(draft)
    before = draft.graph
    acts = list(_perform_all(draft, operations))
    draft.write()
    remember(workflow, newest + 1, acts, user)
    return Applied(newest + 1, draft.inverse, before, draft)


def changes_since(workflow: Workflow, revision: int) -> list[DraftChange]:
    """What was done to a draft after a revision, the newest first."""
    return list(workflow.draft_changes.filter(revision__gt=revision).select_related("user"))


def remember(workflow: Workflow, revision: int, acts: list[dict], user: User | None) -> None:
    """The draft changed. No `save()`: a changed step is not a changed workflow to those who listen."""
    DraftChange.objects.create(workflow=workflow, revision=revision, acts=acts, user=user)
    DraftChange.objects.filter(workflow=workflow, revision__lte=revision - REMEMBERED).delete()
    Workflow.objects.filter(pk=workflow.pk).update(draft_changed_at=timezone.now())


def _perform_all(draft: Draft, operations: list) -> Iterator[dict]:
    for number, each in enumerate(operations, start=1):
        try:
            names = perform(draft, each)
        except InvalidDraft as problem:
            if len(operations) == 1:
                raise
            place = {"number": number, "op": each.get("op") if isinstance(each, dict) else each}
            raise InvalidDraft(_("Operation %(number)d (%(op)s): ") % place + problem.message) from problem
        yield {"op": each["op"], "names": names[:NAMES_SHOWN], "count": len(names)}


def _ids(operation: Any) -> Iterator[str]:
    if isinstance(operation, dict):
        step = operation.get("step")
        yield from filter(None, [operation.get("id"), step.get("id") if isinstance(step, dict) else None])
