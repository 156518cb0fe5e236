"""Pages and the tree of their blocks: order, bounds, refusals, and what is announced."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import OutboxEvent
from nocode.studio.errors import BlockChanged, BlockRefused, NameRefused, PageRefused
from nocode.studio.models import Block, Page
from nocode.studio.services import blocks, pages
from nocode.studio.services.projects import create_project
from nocode.studio.services.tables import change, drop
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def page():
    return factories.make_page(title="Start")


def add(page, text="x", **place) -> Block:
    return blocks.add_block(page, "text.heading", {"text": text}, **place)


def columns(page, widths="halves", **place) -> Block:
    return blocks.add_block(page, "layout.columns", {"widths": widths}, **place)


def shape(page) -> list:
    """The texts of a page's blocks; a block with slots is a list of them."""

    def look(block):
        return [[look(one) for one in slot] for slot in block["slots"]] or block["settings"].get("text", "columns")

    return [look(block) for block in blocks.tree(page)]


def told(prefix: str) -> list[str]:
    names = OutboxEvent.objects.filter(name__startswith=prefix).order_by("id").values_list("name", flat=True)
    return [name.removeprefix(prefix) for name in names]


# --- Blocks -----------------------------------------------------------------------------------------------------------


def test_blocks_go_where_they_are_told(page):
    around = columns(page)
    add(page, "a", parent=around, slot=1)
    add(page, "b", parent=around, slot=1, position=0)
    add(page, "c", position=0)

    assert shape(page) == ["c", [[], ["b", "a"]]]
    assert list(page.blocks.filter(parent=None).order_by("position").values_list("position", flat=True)) == [0, 1]


def test_a_block_moves_with_all_inside_it(page):
    first, second = columns(page), columns(page)
    add(page, "a", parent=first)

    blocks.move_block(first, parent=second, slot=1)

    assert shape(page) == [[[], [[["a"], []]]]]


def test_a_move_within_its_list_lands_where_it_says(page):
    made = [add(page, text) for text in "abcd"]

    blocks.move_block(made[0], position=2)
    blocks.move_block(made[3], position=0)

    assert shape(page) == ["d", "b", "c", "a"]


def test_a_block_is_never_inside_itself(page):
    outer = columns(page)
    inner = columns(page, parent=outer)

    for target in (outer, inner):
        with pytest.raises(BlockRefused, match="inside itself"):
            blocks.move_block(outer, parent=target)
    assert shape(page) == [[[[[], []]], []]]


def test_pages_are_at_most_four_deep(page):
    place = columns(page)
    for _level in range(2):
        place = columns(page, parent=place)
    add(page, "deep", parent=place)
    other = columns(page)
    add(page, "low", parent=other)

    with pytest.raises(BlockRefused) as refusal:
        blocks.move_block(other, parent=place)
    assert "parent" in refusal.value.errors
    with pytest.raises(BlockRefused):
        columns(page, parent=columns(page, parent=place))


def test_a_page_holds_so_many_blocks(page, monkeypatch):
    monkeypatch.setattr(blocks, "MOST", 3)
    around = columns(page)
    add(page, parent=around)

    with pytest.raises(BlockRefused, match="at most 3"):
        blocks.copy_block(around)
    add(page)
    with pytest.raises(BlockRefused, match="at most 3"):
        add(page)


@pytest.mark.parametrize("slot", [2, -1, 99])
def test_a_slot_that_is_none_is_refused(page, slot):
    around = columns(page)

    with pytest.raises(BlockRefused) as refusal:
        add(page, parent=around, slot=slot)
    assert "slot" in refusal.value.errors
    with pytest.raises(BlockRefused):
        add(page, parent=add(page))


def test_a_block_of_another_page_is_no_place(page):
    elsewhere = columns(factories.make_page(page.project))

    with pytest.raises(BlockRefused):
        add(page, parent=elsewhere)
    with pytest.raises(BlockRefused):
        blocks.move_block(add(page), parent=elsewhere)


def test_fewer_columns_lose_no_block(page):
    around = columns(page, "thirds")
    for slot in range(3):
        add(page, str(slot), parent=around, slot=slot)

    blocks.change_block(around, {"widths": "halves"})

    assert shape(page) == [[["0"], ["1", "2"]]]


def test_a_copy_stands_behind_its_original(page):
    around = columns(page)
    add(page, "in", parent=around)
    add(page, "after")

    copy = blocks.copy_block(around)

    assert shape(page) == [[["in"], []], [["in"], []], "after"]
    assert copy.pk != around.pk
    assert copy.position == 1


def test_deleting_closes_the_gap(page):
    around = columns(page, position=0)
    add(page, "in", parent=around)
    add(page, "after")

    blocks.delete_block(around)

    assert shape(page) == ["after"]
    assert page.blocks.get().position == 0


def test_what_somebody_else_changed_is_not_overwritten(page):
    block = add(page, "mine")
    seen_at = block.updated_at.isoformat()
    blocks.change_block(block, {"text": "theirs", "size": "large"})

    with pytest.raises(BlockChanged):
        blocks.change_block(block, {"text": "late", "size": "large"}, seen_at=seen_at)
    assert shape(page) == ["theirs"]


def test_moving_is_no_change_of_what_a_block_says(page):
    block, other = add(page, "a"), add(page, "b")

    blocks.move_block(other, position=0)

    blocks.change_block(block, {"text": "c", "size": "large"}, seen_at=block.updated_at.isoformat())
    assert shape(page) == ["b", "c"]


@pytest.mark.parametrize(
    "change", [blocks.delete_block, blocks.copy_block, blocks.move_block, lambda block: blocks.change_block(block, {})]
)
def test_a_block_that_is_gone_is_refused(page, change):
    block = add(page)
    Block.objects.filter(pk=block.pk).delete()

    with pytest.raises(BlockRefused, match="deleted meanwhile"):
        change(block)


def test_a_type_that_is_not_installed_any_more_can_be_moved_and_deleted(page):
    block = add(page, "old")
    Block.objects.filter(pk=block.pk).update(kind="gone.kind")
    add(page, "new")

    blocks.move_block(Block.objects.get(pk=block.pk), position=1)

    assert shape(page) == ["new", "old"]
    assert "gone.kind" in pages.problems(page.project)[0].message
    blocks.delete_block(block)
    assert shape(page) == ["new"]


def test_a_tree_costs_one_query(page, django_assert_num_queries):
    around = columns(page)
    for _number in range(20):
        add(page, parent=around)

    with django_assert_num_queries(1):
        blocks.tree(page)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "columns", "move", "copy", "delete"]),
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 4),
    ),
    max_size=10,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_is_done_the_tree_stays_one(page, steps):
    """No block is lost or doubled, positions have no gaps, nothing is too deep; what is refused changes nothing."""
    page.blocks.all().delete()
    for action, one, other, number in steps:
        present = list(page.blocks.order_by("pk"))
        block = present[one % len(present)] if present else None
        around = present[other % len(present)] if present and other % 3 else None
        before, count = shape(page), len(present)
        try:
            count += _act(page, action, block, around, number)
        except NoCodeError:
            assert shape(page) == before
        drawn = blocks.tree(page)
        _check(drawn, depth=1)
        assert _size(drawn) == count == page.blocks.count()
        for place in {(each.parent_id, each.slot) for each in page.blocks.all()}:
            inside = page.blocks.filter(parent=place[0], slot=place[1]).order_by("position")
            assert list(inside.values_list("position", flat=True)) == list(range(len(inside)))


def _act(page, action, block, around, number) -> int:
    """Do it; how many blocks that makes more."""
    size = _size_of(page, block)
    if action == "add":
        add(page, parent=around, slot=number % 2, position=number)
        return 1
    if action == "columns":
        columns(page, parent=around, slot=number % 2)
        return 1
    if block is None:
        return 0
    if action == "move":
        blocks.move_block(block, parent=around, slot=number % 3, position=number)
        return 0
    if action == "copy":
        blocks.copy_block(block)
        return size
    blocks.delete_block(block)
    return -size


def _size_of(page, block) -> int:
    tree = blocks.Tree(page)
    return len(tree.below(tree.blocks[block.pk])) if block else 0


def _size(drawn) -> int:
    return sum(1 + sum(_size(slot) for slot in block["slots"]) for block in drawn)


def _check(drawn, depth) -> None:
    assert not drawn or depth <= blocks.DEEPEST
    for block in drawn:
        for slot in block["slots"]:
            _check(slot, depth + 1)


# --- Pages ------------------------------------------------------------------------------------------------------------


def order(project) -> list[str]:
    return list(project.pages.values_list("slug", flat=True))


def test_addresses_are_made_from_titles_and_unique():
    project = factories.make_project()

    made = [pages.add_page(project, title).slug for title in ("Our clients", "Our  clients", "客户", "Éte 2026!")]

    assert made == ["our-clients", "our-clients-2", "page", "ete-2026"]
    assert [page.position for page in project.pages.all()] == [0, 1, 2, 3]


@pytest.mark.parametrize("slug", ["Upper", "a b", "-a", "a/b", "é", "a" * 61, "../x", "a_b"])
def test_an_address_that_is_none_is_refused(slug):
    project = factories.make_project()

    if slug == "a_b":
        assert pages.add_page(project, "x", slug=slug).slug == slug
        return
    with pytest.raises(PageRefused) as refusal:
        pages.add_page(project, "x", slug=slug)
    assert refusal.value.details["field"] == "slug"


@pytest.mark.parametrize("title", ["", "  ", "\x00", "a" * 151])
def test_a_title_nobody_can_read_is_refused(title):
    with pytest.raises(NameRefused):
        pages.add_page(factories.make_project(), title)


def test_an_address_is_taken_once_per_project():
    page = factories.make_page(title="Start")
    other = pages.add_page(page.project, "Other")

    with pytest.raises(PageRefused, match="start"):
        pages.change_page(other, title="Other", slug="start")
    assert factories.make_page(title="Start").slug == "start"


def test_blocks_follow_a_page_to_its_new_address():
    table = factories.make_table(label="Orders")
    listing, detail, _form = pages.make_pages_for(table)

    pages.change_page(detail, title="One order", slug="order")

    assert listing.blocks.get().settings["detail_page"] == "order"
    assert pages.problems(table.project) == []


def test_pages_are_moved_and_deleted_without_gaps():
    project = factories.make_project()
    a, b, c = [pages.add_page(project, title) for title in "abc"]

    pages.move_page(c, 0)
    moved = order(project)
    pages.delete_page(a)

    assert moved == ["c", "a", "b"]
    assert order(project) == ["c", "b"]
    assert list(project.pages.values_list("position", flat=True)) == [0, 1]
    assert b.history.count() == 1


@pytest.mark.parametrize("change", [pages.delete_page, lambda page: pages.move_page(page, 0)])
def test_a_page_that_is_gone_is_refused(change):
    page = factories.make_page()
    Page.objects.filter(pk=page.pk).delete()

    with pytest.raises(PageRefused, match="deleted meanwhile"):
        change(page)


def test_making_pages_twice_makes_other_addresses():
    table = factories.make_table(label="Orders")

    first, second = pages.make_pages_for(table), pages.make_pages_for(table)

    assert [page.slug for page in first] == ["orders", "orders-one-row", "orders-form"]
    assert [page.slug for page in second] == ["orders-2", "orders-one-row-2", "orders-form-2"]
    assert [page.in_menu for page in first] == [True, False, False]


def test_pages_of_a_table_without_fields_can_be_made():
    made = pages.make_pages_for(factories.make_table(fields=()))

    assert len(made) == 3
    assert pages.problems(made[0].project) == []


def test_problems_cost_the_same_whatever_the_blocks(page):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            pages.problems(page.project)
        return len(queries)

    factories.make_table(page.project)
    blocks.add_block(page, "data.stat")
    few = cost()
    for _number in range(10):
        blocks.add_block(page, "data.stat")
    assert cost() == few


# --- Events -----------------------------------------------------------------------------------------------------------


def test_pages_are_announced():
    page = factories.make_page(title="Start")
    add(page)
    pages.change_page(page, title="Home", slug="home")
    pages.delete_page(page)

    assert told("studio.page.") == ["created", "updated", "updated", "deleted"]
    event = OutboxEvent.objects.get(name="studio.page.created")
    assert event.payload == {
        "page_id": str(page.pk),
        "name": "Start",
        "slug": "start",
        "project_id": str(page.project_id),
        "organization_id": str(page.project.organization_id),
    }
    assert (event.key, event.organization_id) == (f"page:{page.pk}", page.project.organization_id)


def test_what_is_refused_is_not_announced(page):
    before = OutboxEvent.objects.count()

    with pytest.raises(BlockRefused):
        blocks.add_block(page, "text.heading", {"text": ""})

    assert OutboxEvent.objects.count() == before


def test_projects_and_tables_are_announced():
    project = create_project(factories.make_organization(), "Shop")
    table = factories.make_table(project, "Orders")
    change(table, label="Sales")
    drop(table)
    project.description = "What we sell"
    project.save()
    identifier = str(project.pk)
    project.delete()

    assert told("studio.project.") == ["created", "updated", "deleted"]
    assert told("studio.table.") == ["created", "renamed", "trashed"]
    created = OutboxEvent.objects.get(name="studio.project.created")
    assert (created.payload["project_id"], created.payload["name"]) == (identifier, "Shop")
    assert OutboxEvent.objects.get(name="studio.table.renamed").payload["name"] == "Sales"
