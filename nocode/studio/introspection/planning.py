"""Makes the plan of a takeover: from what the catalog says of a schema, and from what its rows are like."""

from collections.abc import Collection

from django.db import DatabaseError
from django.utils.translation import gettext as _
from psycopg2 import errorcodes

from nocode.studio.errors import TakeoverRefused
from nocode.studio.introspection import remarks
from nocode.studio.introspection.columns import plan_fields
from nocode.studio.introspection.labels import readable, without_id
from nocode.studio.introspection.measuring import count
from nocode.studio.introspection.plan import LinkPlan, Plan, TablePlan
from nocode.studio.introspection.references import followed, in_order, link_column
from nocode.studio.introspection.schemas import require_offered
from nocode.studio.schema import catalog
from nocode.studio.schema.catalog import Constraint, Table

LOOK = 10_000  # rows of each table that a look before the work reads


def plan(schema: str, taken: Collection[str] = (), *, most: int | None = LOOK) -> Plan:
    """What becomes of a schema in a project whose tables have the `taken` labels.

    `most` rows of each table are looked at; None: all of them. Raises TakeoverRefused.
    """
    require_offered(schema)
    try:
        return _plan(schema, taken, most)
    except DatabaseError as error:
        code = getattr(error.__cause__, "pgcode", None)
        if code in (errorcodes.INSUFFICIENT_PRIVILEGE, errorcodes.QUERY_CANCELED, errorcodes.UNDEFINED_TABLE):
            why = error.__cause__.diag.message_primary
            raise TakeoverRefused(_("The schema cannot be read: %(why)s") % {"why": why}) from error
        raise


def readable_tables(schema: str) -> list[Table]:
    """The tables of a schema that can be taken over, by name."""
    return [table for table in catalog.tables(schema).values() if _is_carried(table)]


def _plan(schema: str, taken: Collection[str], most: int | None) -> Plan:
    tables = catalog.tables(schema)
    carried = {name: table for name, table in tables.items() if _is_carried(table)}
    if not carried:
        raise TakeoverRefused(_("The schema “%(schema)s” has no table that can be taken over.") % {"schema": schema})
    rules = {name: followed(table, carried) for name, table in carried.items()}
    columns = {name: link_column(each, rules[name][0], carried.values(), most) for name, each in carried.items()}
    links = {name: column for name, column in columns.items() if column}
    plans = _tables(carried, links, taken)
    whole = True
    for name, each in plans.items():
        relations, left_out = rules[name]
        each.left_out += left_out
        whole &= plan_fields(each, relations, plans, most)
        each.left_out += remarks.about(each)
    made = []
    for name, column in links.items():
        made.append(_link(carried[name], rules[name][0], column, plans, count(carried[name], most)))
        _note_link(made[-1])
        whole &= most is None or made[-1].rows < most
    return Plan(schema, in_order(list(plans.values())), made, remarks.besides(schema, tables), whole)


def _is_carried(table: Table) -> bool:
    return table.kind == catalog.ORDINARY and not table.is_partition and table.may_read


def _tables(carried: dict[str, Table], links: Collection[str], taken: Collection[str]) -> dict[str, TablePlan]:
    plans: dict[str, TablePlan] = {}
    labels = set(taken)
    for number, (name, table) in enumerate(carried.items(), start=1):
        if name in links:
            continue
        label = readable(name, _("Table %(number)d") % {"number": number}, labels)
        labels.add(label)
        plans[name] = TablePlan(table, label)
    return plans


def _link(
    table: Table, relations: dict[str, Constraint], column: str, plans: dict[str, TablePlan], rows: int
) -> LinkPlan:
    """The table that one of the columns leads to has the relation."""
    first = relations[column]
    [second] = (each for each in relations.values() if each is not first)
    owner, other = plans[first.other_table], plans[second.other_table]
    named = without_id(second.columns[0]) if owner is other else other.label
    label = readable(named, other.label, {*(each.label for each in owner.fields), *owner.link_labels})
    owner.link_labels.append(label)
    return LinkPlan(table, owner, other, first, second, label, rows=rows)


def _note_link(link: LinkPlan) -> None:
    link.owner.notes.append(
        _("“%(table)s” becomes the field “%(field)s”, which leads to any number of rows of “%(other)s”.")
        % {"table": link.source.name, "field": link.label, "other": link.other.label}
    )
    lasting = [each for each in (link.ours, link.theirs) if each.on_delete != "c"]
    if lasting:
        link.owner.notes.append(
            _("“%(field)s”: links go when one of their rows is deleted; until now they stopped that.")
            % {"field": link.label}
        )
