"""What a workflow uses that is no part of it (integrations, other workflows, tables), and where that is elsewhere."""

from collections.abc import Iterable, Sequence
from typing import Any

from nocode.automation.models import Integration, Node, Trigger, Workflow
from nocode.foundation.ids import uuid_or_none
from nocode.foundation.models import Organization, User
from nocode.studio.fields import field_types
from nocode.studio.models import DataTable, Field, Project
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.operations import CreateTable

INTEGRATION, WORKFLOW, TABLE = "integration", "workflow", "table"  # the settings of steps that name them


def integrations_of(workflow: Workflow, nodes: Iterable[Node]) -> list[dict[str, str]]:
    """The integrations that steps name, to be known again by name and type."""
    known = workflow.organization.integrations.filter(pk__in=_ids(nodes, INTEGRATION)).order_by("pk")
    return [{"id": str(each.pk), "name": each.name, "type": each.type} for each in known]


def workflows_of(workflow: Workflow, nodes: Iterable[Node]) -> list[dict[str, str]]:
    """The workflows that steps call, to be known again by name."""
    known = workflow.organization.workflows.filter(pk__in=_ids(nodes, WORKFLOW)).order_by("pk")
    return [{"id": str(each.pk), "name": each.name} for each in known]


def tables_of(workflow: Workflow, users: Iterable[Node | Trigger]) -> list[dict[str, Any]]:
    """The tables that steps and triggers use, with the fields that can be made without any other table."""
    names = {each.config[TABLE] for each in users if isinstance(each.config.get(TABLE), str)}
    tables = DataTable.objects.filter(project=workflow.project_id, physical_name__in=names).prefetch_related("fields")
    return [
        {
            "key": table.physical_name,
            "label": table.label,
            "fields": [_field(field) for field in table.fields.all() if stands_alone(field.kind)],
        }
        for table in tables.order_by("physical_name")
    ]


def _field(field: Field) -> dict[str, Any]:
    return {
        "key": field.physical_name,
        "label": field.label,
        "kind": field.kind,
        "required": field.required,
        "unique": field.unique,
        "settings": field.settings,
    }


def stands_alone(kind: str) -> bool:
    """Whether fields of a kind mention no other field or table."""
    found = field_types.find(kind)
    return found is not None and not (found.is_computed or found.is_relation or found.stamped)


def matches(needs: dict[str, list], organization: Organization) -> dict[str, str]:
    """Where the integrations and workflows of a file are in an organization: ids by the ids in the file.

    The very same one where it is there, else the only one of that name, and of that type.
    """
    found: dict[str, str] = {}
    for kind, rows in (("integrations", organization.integrations), ("workflows", organization.workflows)):
        known = list(rows.filter(name__in=[each["name"] for each in needs[kind]]))
        ids = {str(pk) for pk in rows.filter(pk__in=_valid(needs[kind])).values_list("pk", flat=True)}
        for wanted in needs[kind]:
            named = [each for each in known if _is_meant(each, wanted)]
            if wanted["id"] in ids:
                found[wanted["id"]] = wanted["id"]
            elif len(named) == 1:
                found[wanted["id"]] = str(named[0].pk)
    return found


def replaced(config: dict[str, Any], found: dict[str, str]) -> dict[str, Any]:
    """Settings that name what was found, instead of what the file named."""
    names = {name: found[config[name]] for name in (INTEGRATION, WORKFLOW) if _named(config, name) in found}
    return {**config, **names}


def missing_tables(needs: dict[str, list], project: Project | None) -> list[dict[str, Any]]:
    """The tables of a file that a project does not have."""
    names = [table["key"] for table in needs["tables"]]
    rows = DataTable.objects.filter(project=project, physical_name__in=names)
    known = set(rows.values_list("physical_name", flat=True))
    return [table for table in needs["tables"] if table["key"] not in known]


def make_tables(tables: Sequence[dict[str, Any]], project: Project, user: User | None) -> None:
    """Make tables in a project, without fields that would lead elsewhere. Raises NoCodeError."""
    manager = SchemaManager(project, user)
    for table in tables:
        fields = [
            vars(NewField(each["label"], each["kind"], physical_name=each["key"], **_rules(each)))
            for each in table["fields"]
            if stands_alone(each["kind"])
        ]
        operation = CreateTable("", table["label"], "", fields, physical_name=table["key"])
        manager.make(operation, table["label"])


def _rules(field: dict[str, Any]) -> dict[str, Any]:
    return {name: field[name] for name in ("required", "unique", "settings")}


def _is_meant(row: Integration | Workflow, wanted: dict[str, str]) -> bool:
    return row.name == wanted["name"] and getattr(row, "type", None) == wanted.get("type")


def _ids(nodes: Iterable[Node], name: str) -> set[Any]:
    return {found for node in nodes if (found := uuid_or_none(_named(node.config, name)))}


def _named(config: dict[str, Any], name: str) -> str:
    value = config.get(name)
    return value if isinstance(value, str) else ""


def _valid(wanted: Iterable[dict[str, str]]) -> list[Any]:
    return [found for each in wanted if (found := uuid_or_none(each["id"]))]
