"""Blocks: what each kind needs, how it is drawn, and that no hostile text or address gets anywhere."""

import json
import re
from decimal import Decimal

import pytest
from django import forms
from django.db import connection
from django.http import QueryDict
from django.template.loader import get_template
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from nocode.foundation import markdown
from nocode.foundation.errors import PermissionRefused
from nocode.studio.blocks import block_types
from nocode.studio.blocks.asking import row_id
from nocode.studio.blocks.drawing import draw
from nocode.studio.blocks.form import Done
from nocode.studio.blocks.rows import LimitedForm
from nocode.studio.errors import BlockRefused, RecordNotFound
from nocode.studio.forms import RowForm
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.blocks import add_block, change_block, tree
from nocode.studio.services.pages import add_page, known, make_pages_for, problems
from nocode.studio.services.records import Records
from nocode.studio.services.scenes import ProjectScene
from tests import factories

pytestmark = pytest.mark.django_db

FIELDS = (
    NewField("Name", "text", required=True),
    NewField("Amount", "decimal"),
    NewField("Day", "date"),
    NewField("State", "select", settings={"options": ["open", "done"]}),
    NewField("Notes", "long_text"),
    NewField("Data", "json"),
)
ABOUT_TABLES = [kind for kind in block_types if "table" in kind.Config.base_fields]


class LiveScene(ProjectScene):
    """An application, as far as blocks can tell."""

    csrf_token = "token"

    def __init__(self, project, query="", actions=("view", "add", "change", "delete"), **options):
        super().__init__(project.pk, None, query=QueryDict(query), **options)
        self.actions = actions

    def may(self, action):
        return action in self.actions

    def url(self, page_slug, **query):
        parameters = QueryDict(mutable=True)
        parameters.update(query)
        return f"/{page_slug}/?{parameters.urlencode()}"


@pytest.fixture
def table():
    return factories.make_table(label="Orders", fields=FIELDS)


@pytest.fixture
def records(table):
    return Records(table)


@pytest.fixture
def page(table):
    return factories.make_page(table.project, "Start")


def drawn(page, query="", **options) -> str:
    return draw(tree(page), LiveScene(page.project, query, **options))


@pytest.mark.parametrize("kind", list(block_types), ids=lambda kind: kind.kind)
def test_every_kind_says_what_it_is(kind):
    assert str(kind.label)
    assert str(kind.summary).endswith(".")
    assert str(kind.family)
    assert kind.icon.replace("_", "").isalnum()
    assert type(kind).__doc__
    assert issubclass(kind.Config, forms.Form)
    assert all(field.label for field in kind.Config.base_fields.values())
    get_template(kind.template)


@pytest.mark.parametrize("kind", list(block_types), ids=lambda kind: kind.kind)
def test_every_kind_is_drawn_as_it_is_added(kind, page, records):
    records.create({"name": "Ada"})

    block = add_block(page, kind.kind)

    assert json.loads(json.dumps(block.settings)) == block.settings
    assert kind.check(block.settings, *known(page.project)) == {}
    html = drawn(page, row_id=1)
    assert f'data-block="{block.pk}"' in html
    assert "b-refusal" not in html


@pytest.mark.parametrize("kind", ABOUT_TABLES, ids=lambda kind: kind.kind)
def test_a_dropped_table_takes_one_block_and_no_other(kind, page, table):
    add_block(page, kind.kind)
    add_block(page, "text.heading", {"text": "Still here"})
    SchemaManager(page.project).drop_table(table)

    html = drawn(page)

    assert "The table of this block does not exist any more" in html
    assert "Still here" in html
    assert [problem.setting for problem in problems(page.project)] == ["Table"]


@pytest.mark.parametrize("kind", ["data.list", "data.detail", "data.form"])
def test_a_dropped_field_is_named(kind, page, table, records):
    records.create({"name": "Ada"})
    add_block(page, kind, {"fields": ["name", "notes"]})
    SchemaManager(page.project).drop_field(table.fields.get(physical_name="notes"))

    html = drawn(page, row_id=1)

    assert "“Orders” has no field “notes” any more" in html
    assert "notes" in problems(page.project)[0].message


@pytest.mark.parametrize("kind", ABOUT_TABLES, ids=lambda kind: kind.kind)
def test_a_foreign_table_is_refused_everywhere(kind, page):
    foreign = factories.make_table(label="Secrets")
    Records(foreign).create({"name": "Zebrafish"})
    block = add_block(page, kind.kind)

    with pytest.raises(BlockRefused) as adding:
        add_block(page, kind.kind, {"table": str(foreign.pk)})
    with pytest.raises(BlockRefused) as changing:
        change_block(block, block.settings | {"table": str(foreign.pk)})
    block.settings["table"] = str(foreign.pk)
    block.save()
    html = drawn(page, row_id=1)

    assert "table" in adding.value.errors
    assert "table" in changing.value.errors
    assert "does not exist any more" in html
    assert "Zebrafish" not in html
    assert "Secrets" not in html
    assert "table" in kind.check(block.settings, *known(page.project))


@pytest.mark.parametrize("table_id", ["", None, 7, [], {}, "x", "'; DROP TABLE", ["a"]])
def test_nonsense_for_a_table_is_refused(page, table_id):
    with pytest.raises(BlockRefused) as refusal:
        add_block(page, "data.list", {"table": table_id})

    assert "table" in refusal.value.errors


@pytest.mark.parametrize(
    ("settings", "bad"),
    [
        ({"fields": ["no_such"]}, "fields"),
        ({"fields": "name"}, "fields"),
        ({"filters": ["id; DROP"]}, "filters"),
        ({"sort": "notes"}, "sort"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": 10**9}, "page_size"),
        ({"detail_page": "nowhere"}, "detail_page"),
        ({"where_field": "amount", "where_op": "gte", "where_value": "abc"}, "where_value"),
        ({"where_field": "amount", "where_op": "contains", "where_value": "1"}, "where_op"),
        ({"where_field": "name", "where_op": "eq", "where_value": ""}, "where_value"),
        ({"surprise": 1}, "surprise"),
        ({"title": "\x00"}, "title"),
        ({"title": "\ud800"}, "title"),
    ],
)
def test_settings_that_make_no_sense_name_the_setting(page, settings, bad):
    with pytest.raises(BlockRefused) as refusal:
        add_block(page, "data.list", settings)

    assert list(refusal.value.errors) == [bad]


def test_a_form_needs_what_its_table_requires(page):
    with pytest.raises(BlockRefused) as refusal:
        add_block(page, "data.form", {"fields": ["notes"]})

    assert "Name" in refusal.value.errors["fields"][0]


def test_a_sum_needs_a_number(page):
    with pytest.raises(BlockRefused) as refusal:
        add_block(page, "data.stat", {"measure": "sum"})

    assert "field" in refusal.value.errors


@pytest.mark.parametrize(
    ("settings", "figure"),
    [
        ({}, "3"),
        ({"where_field": "state", "where_op": "eq", "where_value": "open"}, "2"),
        ({"where_field": "day", "where_op": "is_empty"}, "2"),
        ({"measure": "sum", "field": "amount"}, "1,234.5"),
        ({"measure": "avg", "field": "amount"}, "617.25"),
        ({"measure": "max", "field": "amount"}, "1,234"),
        ({"measure": "min", "field": "amount", "where_field": "name", "where_op": "eq", "where_value": "x"}, "–"),
    ],
)
def test_figures(page, records, settings, figure):
    records.create({"name": "a", "amount": "1234", "state": "open", "day": "2026-01-02"})
    records.create({"name": "b", "amount": "0.5", "state": "open"})
    records.create({"name": "c", "state": "done"})
    add_block(page, "data.stat", settings)

    assert f'b-stat__value">{figure}<' in drawn(page)


def shown_names(html: str) -> list[str]:
    return [part.split("<")[0] for part in html.split('data-label="Name"><span class="b-line">')[1:]]


def test_a_list_is_paged_sorted_and_searched(page, records):
    for number in range(30):
        records.create(
            {"name": f"n{number:02}", "amount": None if number % 3 else number, "notes": "tea" * (number % 2)}
        )
    block = add_block(page, "data.list", {"fields": ["name", "notes"], "page_size": 10})

    first = drawn(page)
    second = drawn(page, f"{block.pk}-after=21")
    back = drawn(page, f"{block.pk}-before=20")
    found = drawn(page, f"{block.pk}-q=TEA&{block.pk}-sort=name")

    assert shown_names(first) == [f"n{number}" for number in range(29, 19, -1)]
    assert shown_names(second) == [f"n{number}" for number in range(19, 9, -1)]
    assert shown_names(back) == shown_names(first)
    assert f"{block.pk}-after=21" in first
    assert shown_names(found) == [f"n{number:02}" for number in range(1, 21, 2)]


@pytest.mark.parametrize("kind", [kind for kind in block_types if issubclass(kind.Config, LimitedForm)])
def test_limits_are_said_to_be_no_permission(kind):
    assert "no permission" in kind.Config.base_fields["where_field"].help_text


@pytest.mark.parametrize(
    ("text", "found"), [("7", 7), ("", None), (None, None), ("-1", None), ("²", None), ("9" * 19, None), ("x", None)]
)
def test_an_address_names_a_row_by_its_number(text, found):
    assert row_id(text) == found


def test_words_are_not_looked_for_in_fields_that_are_not_shown(page, records):
    records.create_many([{"name": "a", "notes": "secret"}, {"name": "secret b"}])
    block = add_block(page, "data.list", {"fields": ["name"]})

    assert shown_names(drawn(page, f"{block.pk}-q=secret")) == ["secret b"]


def test_a_list_that_shows_no_texts_offers_no_search(page, records):
    records.create({"name": "a", "amount": 5})
    block = add_block(page, "data.list", {"fields": ["amount"]})

    html = drawn(page, f"{block.pk}-q=a")

    assert 'type="search"' not in html
    assert 'data-label="Amount"' in html


@pytest.mark.parametrize("order", ["id", "-id", "amount", "-amount", "name", "-name", "day", "-state", "created_at"])
def test_pages_hold_every_row_once_in_both_directions(records, order):
    """Empty values and equal ones included, whatever the column."""
    for number in range(17):
        amount, state = (None, None) if number % 4 == 0 else (number % 3, ["open", "done"][number % 2])
        records.create({"name": f"n{number % 5}", "amount": amount, "state": state})
    expected = [row["id"] for row in records.find(order=order, limit=100)]

    forwards, place = [], None
    while True:
        page = records.page(order=order, size=4, after=place)
        forwards.append([row["id"] for row in page.rows])
        if not (place := page.next):
            break
    backwards, place = [forwards[-1]], forwards[-1][0]
    while place:
        page = records.page(order=order, size=4, before=place)
        backwards.insert(0, [row["id"] for row in page.rows])
        place = page.previous

    assert sum(forwards, []) == expected
    assert sum(backwards, []) == expected


def test_a_list_goes_on_from_a_row_that_is_gone(page, records):
    records.create_many([{"name": "a"}, {"name": "b"}, {"name": "c"}])
    block = add_block(page, "data.list", {"fields": ["name"], "sort": "name"})
    records.delete(2)

    assert shown_names(drawn(page, f"{block.pk}-after=2")) == ["a", "c"]


def test_two_lists_on_a_page_leave_each_other_alone(page, records):
    records.create_many([{"name": "a"}, {"name": "b"}])
    first = add_block(page, "data.list", {"fields": ["name"]})
    add_block(page, "data.list", {"fields": ["name"]})

    html = drawn(page, f"{first.pk}-q=a&row=7")

    assert shown_names(html) == ["a", "b", "a"]
    assert html.count(f'name="{first.pk}-q" value="a"') == 2  # its own box, and what the other list's form keeps
    assert html.count('<input type="hidden" name="row" value="7">') == 2


def test_visitors_filter_by_the_fields_that_are_offered(page, records):
    records.create({"name": "a", "amount": 5, "state": "open", "day": "2026-01-05"})
    records.create({"name": "b", "amount": 15, "state": "done", "day": "2026-02-05"})
    block = add_block(page, "data.list", {"fields": ["name"], "filters": ["name", "amount", "state", "day"]})
    ask = {
        "a": ["name=A", "amount-to=10", "state=open", "day-from=2026-01-01&{0}.day-to=2026-01-31"],
        "b": ["amount-from=15", "state=done"],
    }

    for name, queries in ask.items():
        for query in queries:
            assert shown_names(drawn(page, f"{block.pk}.{query.format(block.pk)}")) == [name], query


def test_rows_outside_the_limits_of_a_list_cannot_be_asked_for(page, records):
    records.create_many([{"name": "a", "state": "open"}, {"name": "b", "state": "done"}])
    limits = {"where_field": "state", "where_op": "eq", "where_value": "open"}
    block = add_block(page, "data.list", {"fields": ["name"], "filters": ["name"], **limits})

    for query in (f"{block.pk}-q=b", f"{block.pk}.name=b", f"{block.pk}.state=done&{block.pk}-sort=-name"):
        assert "b" not in shown_names(drawn(page, query))


HOSTILE = ["'", '"><script>', "%", "\\", "\x00", "9" * 40, "-1", "²", "1e400", "NaN", "a" * 5000, "[]", "{{7}}"]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_parameters_are_no_error(page, records, value):
    records.create({"name": "a"})
    block = add_block(page, "data.list", {"filters": ["name", "amount", "state", "day", "data"]})
    query = QueryDict(mutable=True)
    for own in ("q", "after", "before", "sort"):
        query[f"{block.pk}-{own}"] = value
    scene = LiveScene(page.project)
    scene.query = query

    assert "<script>" not in draw(tree(page), scene)
    for name in ("name", "amount", "amount-from", "state", "day-to", "data", "id"):
        scene.query = QueryDict(mutable=True)
        scene.query[f"{block.pk}.{name}"] = value
        assert "<script>" not in draw(tree(page), scene)


def naughty_strings(shared_data) -> list[str]:
    return json.loads((shared_data / "strings" / "blns" / "blns.json").read_text())


def test_no_text_setting_reaches_the_page_unescaped(page, table, records, shared_data):
    records.create({"name": "a"})
    heading, stat = add_block(page, "text.heading"), add_block(page, "data.stat")
    listing, form = add_block(page, "data.list"), add_block(page, "data.form")
    scene = LiveScene(page.project)

    for text in filter(str.strip, naughty_strings(shared_data)):
        word = text[:60]
        blocks = tree(page)
        for block in blocks:
            block["settings"] |= dict.fromkeys({"text", "title", "button"} & set(block["settings"]), word)
        html = draw(blocks, scene)
        assert html.count(escape(word)) >= 4, word
        if "<" in word:
            assert word not in html, word
    assert {str(each.pk) for each in (heading, stat, listing, form)} == {block["id"] for block in blocks}


def test_no_value_of_a_row_reaches_the_page_unescaped(page, table, records):
    attack = "<img src=x onerror=alert(1)>"
    records.create({"name": attack, "notes": attack, "data": {attack: attack}})
    for kind in ("data.list", "data.detail", "data.form"):
        add_block(page, kind)

    assert "<img" not in drawn(page, row_id=1)


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "![x](javascript:alert(1))",
    "![x](https://tracker.example/pixel.gif)",
    "![x](//tracker.example/pixel.gif)",
    "![x](/\\tracker.example/pixel.gif)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '<a href="x" onclick="alert(1)">x</a>',
    "<iframe src=//x></iframe>",
    "<style>*{display:none}</style>",
    "<svg/onload=alert(1)>",
    '[x](https://example.com "onmouseover=alert(1)")',
    "<https://example.com/?q=<script>>",
    "`<script>`",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_markdown_does_no_harm(text):
    html = markdown.render(text)

    lowered = html.lower()
    assert not any(f"<{tag}" in lowered for tag in ("script", "iframe", "style", "svg", "object", "embed", "form"))
    assert not re.search(r'src="(https?:|//|/\\)', lowered)
    assert not any(f'="{scheme}' in lowered for scheme in ("javascript:", "vbscript:", "data:text", "data:image/svg"))
    assert " onerror=" not in lowered.replace("&lt;img src=x onerror=", "")


def test_naughty_strings_as_markdown_do_no_harm(shared_data):
    for text in naughty_strings(shared_data):
        html = markdown.render(text).lower()
        assert not any(f"<{tag}" in html for tag in ("script", "iframe", "style", "svg", "object", "embed", "input"))
        assert not re.search(r'<a [^>]*href="\s*javascript', html)


def test_markdown_makes_what_people_write():
    pictures = "![ours](/static/x.png) ![in](data:image/png;base64,AA==)"
    text = f"**bold** [link](https://example.com)\n\n- one\n\n| a |\n|---|\n| 1 |\n\n{pictures}"

    html = markdown.render(text)

    assert "<strong>bold</strong>" in html
    assert 'rel="noopener nofollow"' in html
    assert "<li>one</li>" in html
    assert "<td>1</td>" in html
    assert 'src="/static/x.png"' in html
    assert 'src="data:image/png;base64,AA=="' in html


# --- Forms ----------------------------------------------------------------------------------------------------------


def plain(block) -> dict:
    return {"id": str(block.pk), "kind": block.kind, "settings": block.settings, "slots": []}


def submit(block, data, **options):
    scene = LiveScene(block.page.project, **options)
    return block_types[block.kind].submit(plain(block), scene, QueryDict(data))


def test_a_form_adds_a_row(page, records):
    thanks = factories.make_page(page.project, "Thanks")
    block = add_block(page, "data.form", {"then": thanks.slug})

    done = submit(block, "value_name=Ada&value_amount=5")

    assert isinstance(done, Done)
    assert (done.url, done.message) == ("/thanks/?row=1", "Row 1 was added.")
    assert (records.get(1)["name"], records.get(1)["amount"]) == ("Ada", 5)


def test_a_refused_form_is_shown_again_with_what_was_typed(page, records):
    block = add_block(page, "data.form")
    other = add_block(page, "data.form", {"mode": "add"})

    form = submit(block, "value_name=&value_amount=lots")
    html = draw(tree(page), LiveScene(page.project, invalid={str(block.pk): form}))

    assert isinstance(form, RowForm)
    assert set(form.errors) == {"value_name"}
    assert html.count('value="lots"') == 1
    assert html.index('value="lots"') < html.index(f'id="{other.pk}"')
    assert records.count() == 0


def test_a_form_edits_the_row_of_the_page(page, records):
    records.create({"name": "Ada", "amount": 5, "notes": "keep"})
    block = add_block(page, "data.form", {"fields": ["name", "amount"]})
    seen = records.get(1)["updated_at"]

    done = submit(block, f"value_name=Grace&value_amount=5&value_notes=lost&seen_at={seen}", row_id="1")

    assert done.message == "Row 1 was saved."
    assert (records.get(1)["name"], records.get(1)["notes"]) == ("Grace", "keep")


def test_a_form_does_not_overwrite_what_somebody_else_saved(page, records):
    records.create({"name": "Ada"})
    block = add_block(page, "data.form")
    seen = records.get(1)["updated_at"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.002)")
    records.update(1, {"name": "Somebody else"})
    seen = seen.replace("2026", "2025")

    form = submit(block, f"value_name=Mine&seen_at={seen}", row_id="1")

    assert "Somebody changed this row meanwhile" in form.non_field_errors()[0]
    assert records.get(1)["name"] == "Somebody else"


def test_a_form_that_always_adds_leaves_the_row_of_the_page_alone(page, records):
    records.create({"name": "Ada"})
    block = add_block(page, "data.form", {"mode": "add"})

    submit(block, "value_name=Grace", row_id="1")

    assert [row["name"] for row in records.find(order="id")] == ["Ada", "Grace"]


@pytest.mark.parametrize("row_id", ["2", "x", "0", "99999999999999999999", "1; DROP", "²"])
def test_a_row_that_is_not_there_is_refused(page, records, row_id):
    records.create({"name": "Ada"})
    block = add_block(page, "data.form")

    with pytest.raises(RecordNotFound):
        submit(block, "value_name=Grace", row_id=row_id)
    assert "has no row" in drawn(page, row_id=row_id)


def test_a_form_deletes_only_where_that_is_offered(page, records):
    records.create_many([{"name": "Ada"}, {"name": "Grace"}])
    without = add_block(page, "data.form")
    offering = add_block(page, "data.form", {"can_delete": True})

    submit(without, "_delete=1&value_name=Ada", row_id="1")
    done = submit(offering, "_delete=1", row_id="2")

    assert done.message == "Row 2 was deleted."
    assert [row["id"] for row in records.find()] == [1]


@pytest.mark.parametrize(
    ("settings", "page_after"),
    [({"then": "row", "after_delete": "list"}, "list"), ({"then": "list", "after_delete": ""}, "list")],
)
def test_deleting_leads_to_a_page_that_needs_no_row(page, records, settings, page_after):
    for slug in ("list", "row"):
        add_page(page.project, slug, slug=slug)
    records.create({"name": "Ada"})
    block = add_block(page, "data.form", {"can_delete": True, **settings})

    done = submit(block, "_delete=1", row_id="1")

    assert done.url == f"/{page_after}/?"


@pytest.mark.parametrize(
    ("actions", "row_id", "data", "words"),
    [
        (("view",), None, "value_name=x", "add rows"),
        (("view", "add"), "1", "value_name=x", "change rows"),
        (("view", "add", "change"), "1", "_delete=1", "delete rows"),
        (("add",), None, "value_name=x", "see these rows"),
    ],
)
def test_a_form_respects_the_role(page, records, actions, row_id, data, words):
    records.create({"name": "Ada"})
    block = add_block(page, "data.form", {"can_delete": True})

    with pytest.raises(PermissionRefused, match=words):
        submit(block, data, row_id=row_id, actions=actions)
    assert [row["name"] for row in records.find()] == ["Ada"]


@pytest.mark.parametrize("kind", ABOUT_TABLES, ids=lambda kind: kind.kind)
def test_blocks_show_nothing_to_those_who_may_not_see_rows(kind, page, records):
    records.create({"name": "Zebrafish"})
    add_block(page, kind.kind)

    html = drawn(page, actions=(), row_id=1)

    assert "Your role does not allow you to see these rows" in html
    assert "Zebrafish" not in html


def test_pages_made_for_a_table_work_at_once(table, records):
    listing, detail, form = make_pages_for(table)
    submit(form.blocks.get(), "value_name=Ada&value_amount=5")

    assert problems(table.project) == []
    assert f'href="/{detail.slug}/?row=1">Ada' in drawn(listing)
    assert f'href="/{form.slug}/?"' in drawn(listing)
    assert f'href="/{form.slug}/?row=1"' in drawn(detail, row_id="1")
    assert 'value="Ada"' in drawn(form, row_id="1")


def test_links_lead_nowhere_where_the_scene_says_so(table, records):
    records.create({"name": "Ada"})
    listing, detail, form = make_pages_for(table)
    for page in (listing, detail, form):
        scene = LiveScene(page.project)
        scene.is_live, scene.url = False, lambda slug, **query: ""
        html = draw(tree(page), scene)

        assert "href=" not in html
        assert "<form" not in html
        assert "Ada" in html


@pytest.mark.parametrize("kind", ["data.list", "data.detail", "data.form", "data.stat"])
def test_drawing_costs_the_same_whatever_the_rows(kind, page, records):
    add_block(page, kind)
    records.create({"name": "first"})
    drawn(page, row_id=1)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            drawn(page, row_id=1)
        return len(queries)

    few = cost()
    records.create_many([{"name": "more"}] * 30)
    assert cost() == few


def test_a_figure_is_exact(records):
    records.create_many([{"name": "a", "amount": "0.1"}, {"name": "b", "amount": "0.2"}])

    assert records.measure("sum", "amount") == Decimal("0.3")
