"""Previews of several changes at once: each sees what the ones before it would have left, and nothing is done."""

import pytest
from django.db import connection

from nocode.studio.errors import NameTaken
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.operations import (
    AddField,
    ChangeField,
    ChangeTable,
    ReorderFields,
    RetypeField,
    TrashField,
    TrashTable,
)
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def deals():
    made = factories.make_table(fields=(NewField("Name", "text"), NewField("Amount", "text"), NewField("Left", "text")))
    Records(made).create_many(
        [{"name": "Ann", "amount": "5"}, {"name": "Bob", "amount": "5.0"}, {"name": "Cid", "amount": "many"}]
    )
    return made


def key(table, label: str) -> str:
    return str(table.fields.get(label=label).pk)


def preview(table, *operations):
    """What the operations, given without their table, would do."""
    made = (kind(str(table.pk), *rest) for kind, *rest in operations)
    return SchemaManager(table.project).preview(*made)


def said(seen) -> list[str]:
    return [step.says for step in seen.steps]


def test_each_step_is_said_and_what_changes_nothing_is_left_out(deals):
    seen = preview(
        deals,
        (ChangeTable, {"label": "Orders"}),
        (TrashField, key(deals, "Left")),
        (ChangeField, key(deals, "Name"), {"label": "Person", "required": False}),
        (AddField, {"label": "Left", "kind": "date"}),
        (ReorderFields, [key(deals, "Name")]),
    )

    assert said(seen) == [
        f"The table “{deals.label}” is called “Orders” from now on.",
        "“Left” is thrown away.",
        "“Name” is called “Person” from now on.",
        "“Left” is added: Date.",
    ]
    assert not seen.is_grave


def test_a_step_that_does_not_fit_what_was_before_is_refused(deals):
    with pytest.raises(NameTaken, match="“Amount”"):
        preview(
            deals,
            (AddField, {"label": "Price", "kind": "date"}),
            (ChangeField, key(deals, "Name"), {"label": "Amount"}),
        )


def test_a_rule_is_held_against_the_values_as_they_would_be_by_then(deals):
    amount = key(deals, "Amount")

    seen = preview(
        deals,
        (RetypeField, amount, "decimal", {}),
        (ChangeField, amount, {"unique": True, "required": True}),
    )

    lost, twice, empty = seen.problems
    assert (lost.rule, lost.samples) == ("conversion", [(3, "many")])
    assert (empty.rule, empty.samples) == ("required", [(3, "")])
    assert (twice.rule, [row for row, _value in twice.samples]) == ("unique", [1, 2])
    assert seen.is_stopped
    assert seen.is_grave


@pytest.mark.parametrize(
    ("new", "found"),
    [
        ({"required": True}, [("required", 3)]),
        ({"required": True, "default": "x"}, []),
        ({"required": True, "default": "x", "unique": True}, [("unique", 3)]),
        ({"unique": True}, []),
    ],
)
def test_a_new_field_is_held_against_the_rows_that_exist(new, found, deals):
    seen = preview(deals, (AddField, {"label": "Code", "kind": "text", **new}))

    assert [(problem.rule, problem.count) for problem in seen.problems] == found
    assert not seen.rewrites


def test_what_is_written_into_every_row_is_a_rewrite(deals):
    seen = preview(deals, (AddField, {"label": "Number", "kind": "auto_number"}))

    assert seen.rewrites
    assert seen.is_grave


def test_what_goes_to_the_trash_is_counted_with_what_goes_with_it(deals):
    other = factories.make_table(deals.project, "Letters")
    manager = SchemaManager(deals.project)
    manager.add_field(other, "Deal", "relation", settings={"table": str(deals.pk)})
    manager.add_field(other, "Deals", "relations", settings={"table": str(deals.pk)})
    other.refresh_from_db()
    Records(other).create_many([{"deal": 1, "deals": [1, 2]}, {"deal": 2}])

    assert [str(loss) for loss in preview(deals, (TrashField, key(deals, "Amount"))).losses] == [
        "3 values of “Amount” go to the trash with it"
    ]
    seen = preview(deals, (TrashTable,))
    assert [(loss.thing, loss.count) for loss in seen.losses] == [(deals.label, 3), ("Deal", 2), ("Deals", 2)]


def test_agreeing_is_to_what_was_seen_and_to_nothing_else(deals):
    operation = (RetypeField, key(deals, "Amount"), "integer", {})
    first = preview(deals, operation).key

    assert preview(deals, operation).key == first
    assert preview(deals, (RetypeField, key(deals, "Amount"), "decimal", {})).key != first
    Records(deals).create({"name": "Dan", "amount": "a few"})
    assert preview(deals, operation).key != first


def test_a_preview_waits_for_nobody_and_locks_nothing(deals):
    amount = key(deals, "Amount")
    executed = []

    def watch(execute, statement, *rest):
        executed.append(str(statement))
        return execute(statement, *rest)

    with connection.execute_wrapper(watch):
        seen = preview(deals, (RetypeField, amount, "integer", {}), (TrashField, key(deals, "Name")))

    assert seen.lock == "ACCESS EXCLUSIVE"
    assert len(seen.sql) > 3
    assert not [text for text in executed if text.startswith(("ALTER", "CREATE", "LOCK", "DROP"))]
