"""From a checked outline to a workflow: a draft that runs nothing until somebody publishes it."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.models import Edge, Node, Trigger, Workflow, WorkflowImport
from nocode.automation.nodes import node_types
from nocode.automation.transfer import needs
from nocode.automation.transfer.remarks import Remark, Verdict
from nocode.automation.triggers import InvalidTrigger, trigger_types
from nocode.foundation.ids import uuid7
from nocode.foundation.models import Organization, User
from nocode.foundation.services import billing
from nocode.studio.models import Project

PLACEHOLDER = "placeholder"
NAME_MAX = Workflow._meta.get_field("name").max_length


@transaction.atomic
def bring(
    outline: dict[str, Any],
    organization: Organization,
    *,
    project: Project | None = None,
    make_tables: bool = False,
    name: str = "",
    user: User | None = None,
    source: str = WorkflowImport.Source.FILE,
    remarks: Sequence[Remark] = (),
) -> Workflow:
    """Make a workflow of an outline that was checked. Its report is `workflow.origin`.

    Raises LimitReached, and what refuses a table when tables are to be made.
    """
    billing.require(organization, "workflows")
    workflow = Workflow.objects.create(
        organization=organization,
        project=project,
        name=(name or outline["name"])[:NAME_MAX],
        description=outline["description"],
        created_by=user,
        draft_changed_at=timezone.now(),
        **outline["settings"],
    )
    bringing = _Bringing(outline, workflow)
    if make_tables and project is not None:
        needs.make_tables(needs.missing_tables(outline["needs"], project), project, user)
    bringing.nodes()
    bringing.edges()
    bringing.triggers()
    workflow.origin = WorkflowImport.objects.create(
        workflow=workflow,
        source=source,
        remarks=[each.as_json() for each in (*remarks, *bringing.remarks)],
        missing=bringing.missing(),
        imported_by=user,
    )
    return workflow


class _Bringing:
    def __init__(self, outline: dict[str, Any], workflow: Workflow):
        self.outline, self.workflow = outline, workflow
        self.found = needs.matches(outline["needs"], workflow.organization)
        self.remarks: list[Remark] = []
        self.made: dict[str, Node] = {}

    def nodes(self) -> None:
        for each in self.outline["nodes"]:
            each = each if each["kind"] in node_types else self._placeholder(each)
            config = needs.replaced(each["config"], self.found)
            self.made[each["key"]] = Node(workflow=self.workflow, **{**each, "config": config})
        Node.objects.bulk_create(self.made.values())

    def _placeholder(self, node: dict[str, Any]) -> dict[str, Any]:
        message = _("The step type “%s” is not installed here; its settings are kept in a placeholder.") % node["kind"]
        self.remarks.append(Remark(Verdict.PLACEHOLDER, message, node["key"], node["label"], node["kind"]))
        return {**node, "kind": PLACEHOLDER, "config": kept(node["kind"], node["config"])}

    def edges(self) -> None:
        edges = self.outline["edges"]
        ids = sorted(uuid7() for _each in edges)  # their order is that of their ids
        Edge.objects.bulk_create(
            Edge(
                pk=pk,
                workflow=self.workflow,
                source=self.made[edge["source"]],
                port=edge["port"],
                target=self.made[edge["target"]],
            )
            for pk, edge in zip(ids, edges, strict=True)
        )

    def triggers(self) -> None:
        for each in self.outline["triggers"]:
            trigger = Trigger(workflow=self.workflow, **each)
            for message in self._wrong(trigger):
                self.remarks.append(Remark(Verdict.NOTE, message, label=trigger.name, kind=trigger.kind))
            trigger.save()

    def _wrong(self, trigger: Trigger) -> Iterator[str]:
        """What is to be done before a trigger can work; one whose settings cannot be used is switched off."""
        kind = trigger_types[trigger.kind]
        try:
            settings = kind.clean(trigger.config)
        except InvalidTrigger as problem:
            trigger.is_active = False
            yield _("The trigger is switched off: %s") % problem.message
            return
        problems = [text for texts in kind.check(settings, self.workflow).values() for text in texts]
        if problems:
            trigger.is_active = False
            yield _("The trigger is switched off: %s") % " ".join(problems)
        if kind.needs_secret(settings):
            yield _("Secrets are in no file: give this trigger its secret.")

    def missing(self) -> dict[str, list]:
        """What steps name and the organization does not have, or has several of the same name of."""
        return {
            kind: [each for each in self.outline["needs"][kind] if each["id"] not in self.found]
            for kind in ("integrations", "workflows")
        }


def kept(kind: str, settings: dict[str, Any], *, skip: bool = False) -> dict[str, Any]:
    """The settings of a placeholder; expressions in what it keeps are text."""
    text = json.dumps(settings, ensure_ascii=False, indent=2).replace("{{", "\\{{")
    return {"was": kind[:200], "skip": skip, "settings": text}
