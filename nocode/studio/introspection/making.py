"""Makes the tables of a plan, by the operations that people use, too."""

from dataclasses import asdict, dataclass, field

from nocode.studio.introspection.plan import FieldPlan, LinkPlan, Plan, TablePlan
from nocode.studio.models import DataTable, Field
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.operations import AddField


@dataclass
class Made:
    """The tables and fields that a plan became."""

    tables: dict[TablePlan, DataTable] = field(default_factory=dict)
    fields: dict[FieldPlan, Field] = field(default_factory=dict)
    links: dict[LinkPlan, Field] = field(default_factory=dict)


def make(plan: Plan, manager: SchemaManager) -> Made:
    """Make the tables, empty. A relation to its own table, or to one that comes later, is added afterwards."""
    made = Made()
    for each in plan.tables:
        _make_table(each, manager, made)
    for each in plan.tables:
        for relation in each.relations:
            if relation not in made.fields:
                made.fields[relation] = _add(manager, made.tables[each], relation.new(_settings(relation, made)))
    for link in plan.links:
        new = NewField(link.label, "relations", settings={"table": str(made.tables[link.other].pk)})
        made.links[link] = _add(manager, made.tables[link.owner], new)
    return made


def finish(plan: Plan, manager: SchemaManager, made: Made) -> None:
    """Give what had to wait for the rows: rules of late relations, indexes."""
    for each in plan.tables:
        for relation in each.relations:
            if relation.is_late and relation.required:
                manager.change_field(made.fields[relation], required=True)
        for fields in each.indexes:
            manager.add_index(made.tables[each], [made.fields[column].physical_name for column in fields])


def _make_table(plan: TablePlan, manager: SchemaManager, made: Made) -> None:
    ready = [each for each in plan.fields if each.target is None or each.target in made.tables]
    new = [each.new(_settings(each, made)) for each in ready]
    table = manager.create_table(plan.label, new, description=plan.source.comment)
    made.tables[plan] = table
    by_label = {each.label: each for each in table.fields.all()}
    made.fields |= {each: by_label[each.label] for each in ready}


def _settings(plan: FieldPlan, made: Made) -> dict:
    if plan.target is None:
        return dict(plan.way.settings)
    return {"table": str(made.tables[plan.target].pk), "on_delete": plan.on_delete}


def _add(manager: SchemaManager, table: DataTable, new: NewField) -> Field:
    done = manager.make(AddField(str(table.pk), asdict(new)), table)
    return Field.objects.select_related("table").get(pk=done.new["id"])
