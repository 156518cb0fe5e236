"""The designer of pages in the console: who may do what, what a click changes, two people at once."""

import pytest
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio.models import Page
from nocode.studio.schema.manager import NewField
from nocode.studio.services import blocks, pages
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def organization():
    return factories.make_organization()


@pytest.fixture
def as_role(client, organization):
    """A function that logs a member of the organization in."""

    def log_in(role: str = Role.OWNER):
        client.force_login(factories.make_user(organization=organization, role=role))
        return client

    return log_in


@pytest.fixture
def owner(as_role):
    return as_role()


@pytest.fixture
def table(organization):
    fields = (NewField("Customer", "text", required=True), NewField("Amount", "decimal"))
    table = factories.make_table(factories.make_project(organization), "Orders", fields)
    Records(table).create({"customer": "Ada", "amount": 5})
    return table


@pytest.fixture
def page(table):
    return factories.make_page(table.project, "Start")


@pytest.fixture
def heading(page):
    return blocks.add_block(page, "text.heading", {"text": "Hello"})


def url(name, thing) -> str:
    return reverse(f"admin:studio_{name}", args=[thing.pk])


def text_of(response) -> str:
    return response.content.decode()


def texts(page) -> list[str]:
    return [block["settings"].get("text", block["kind"]) for block in blocks.tree(page)]


def saved(block, **settings):
    return {"text": "x", "size": "large", "seen_at": block.updated_at.isoformat()} | settings


def test_the_designer_shows_outline_and_preview(owner, page, heading, table):
    blocks.add_block(page, "data.list")

    shown = text_of(owner.get(url("page_designer", page)))

    assert f'id="entry-{heading.pk}"' in shown
    assert 'b-heading--large">Hello' in shown
    assert ">Ada<" in shown
    assert '<form class="b-' not in shown


def test_an_empty_page_says_what_to_do(owner, page):
    assert "This page is empty" in text_of(owner.get(url("page_designer", page)))


def test_a_block_is_added_into_a_place_and_opened(owner, page):
    around = blocks.add_block(page, "layout.columns")

    answer = owner.post(url("block_new", page), {"kind": "data.list", "place": f"{around.pk}:1"}, headers=HTMX)

    [[left, right]] = [block["slots"] for block in blocks.tree(page)]
    assert (left, [block["kind"] for block in right]) == ([], ["data.list"])
    assert 'name="page_size"' in text_of(answer)
    assert "<html" not in text_of(answer)
    assert answer.headers["HX-Push-Url"].endswith(f"?block={right[0]['id']}")


@pytest.mark.parametrize("place", ["", ":0", "nonsense", ":", "x:y", ":²", "00000000-0000-0000-0000-000000000000:0"])
def test_a_place_that_means_nothing_is_the_page(owner, page, place):
    owner.post(url("block_new", page), {"kind": "text.heading", "place": place})

    assert texts(page) == ["A heading"]


def test_an_unknown_kind_is_refused_in_words(owner, page):
    answer = owner.post(url("block_new", page), {"kind": "no.such", "place": ":0"}, headers=HTMX)

    assert "no.such" in text_of(answer)
    assert texts(page) == []


def test_saving_a_block_changes_the_preview(owner, page, heading):
    answer = owner.post(url("block_save", heading), saved(heading, text="Good morning"), headers=HTMX)

    assert 'b-heading--large">Good morning' in text_of(answer)
    heading.refresh_from_db()
    assert f'name="seen_at" value="{heading.updated_at.isoformat()}"' in text_of(answer)


def test_without_javascript_saving_leads_back_to_the_block(owner, page, heading):
    answer = owner.post(url("block_save", heading), saved(heading))

    assert answer.status_code == 302
    assert answer.url == f"{url('page_designer', page)}?block={heading.pk}"


def test_refused_settings_stay_in_the_form(owner, page, heading):
    answer = owner.post(url("block_save", heading), saved(heading, text=""), headers=HTMX)

    assert "This field is required" in text_of(answer)
    assert texts(page) == ["Hello"]


def test_two_editors_do_not_overwrite_each_other(owner, page, heading):
    mine = saved(heading, text="Mine")
    blocks.change_block(heading, {"text": "Theirs", "size": "small"})

    answer = owner.post(url("block_save", heading), mine, headers=HTMX)
    again = owner.post(url("block_save", heading), mine, headers=HTMX)

    assert "Somebody changed this block meanwhile" in text_of(answer)
    assert 'value="Mine"' in text_of(answer)
    assert "Somebody changed this block meanwhile" in text_of(again)
    assert texts(page) == ["Theirs"]


def test_what_is_typed_is_shown_before_it_is_saved(owner, page, heading):
    answer = owner.post(url("block_preview", heading), saved(heading, text="Maybe"), headers=HTMX)
    nonsense = owner.post(url("block_preview", heading), saved(heading, text=""), headers=HTMX)

    assert "Maybe" in text_of(answer)
    assert nonsense.status_code == 204
    assert texts(page) == ["Hello"]


def test_another_table_offers_its_own_fields(owner, page, table):
    other = factories.make_table(table.project, "Clients", (NewField("City", "text"),))
    block = blocks.add_block(page, "data.list", {"table": str(table.pk), "title": "Kept"})

    shown = text_of(owner.get(url("block_form", block), {"table": str(other.pk), "title": "Typed"}, headers=HTMX))

    assert 'value="city"' in shown
    assert 'value="amount"' not in shown
    assert 'value="Typed"' in shown


def test_blocks_are_moved_by_steps_and_to_places(owner, page, heading):
    around = blocks.add_block(page, "layout.columns")

    owner.post(url("block_move", heading), {"step": "down"})
    after_step = [block["kind"] for block in blocks.tree(page)]
    owner.post(url("block_move", heading), {"place": f"{around.pk}:1", "position": "0"})
    [columns] = blocks.tree(page)

    assert after_step == ["layout.columns", "text.heading"]
    assert [len(slot) for slot in columns["slots"]] == [0, 1]


def test_a_move_into_itself_is_refused_in_words(owner, page):
    around = blocks.add_block(page, "layout.columns")

    answer = owner.post(url("block_move", around), {"place": f"{around.pk}:0"}, headers=HTMX)

    assert "cannot be put inside itself" in text_of(answer)


def test_blocks_are_copied_and_deleted(owner, page, heading):
    owner.post(url("block_copy", heading))
    twice = texts(page)
    owner.post(url("block_remove", heading))

    assert (twice, texts(page)) == (["Hello", "Hello"], ["Hello"])


def test_a_broken_block_is_marked(owner, page, table):
    blocks.add_block(page, "data.list")
    table.delete()

    shown = text_of(owner.get(url("page_designer", page)))

    assert "This project has no such table" in shown
    assert "does not exist any more" in shown


def test_a_type_that_is_gone_does_not_break_the_designer(owner, page, heading):
    heading.kind = "gone.kind"
    heading.save()

    assert "gone.kind" in text_of(owner.get(url("page_designer", page)))
    assert "not installed any more" in text_of(owner.get(f"{url('page_designer', page)}?block={heading.pk}"))
    assert owner.post(url("block_save", heading), {}).status_code == 404
    assert owner.post(url("block_remove", heading)).status_code == 302


@pytest.mark.parametrize("query", ["?block=x", "?block=", "?add=", "?add=%00", "?add=x:y", "?block=%00&add=:0"])
def test_nonsense_in_the_address_is_no_error(owner, page, query):
    assert owner.get(f"{url('page_designer', page)}{query}").status_code == 200


def test_readers_look_and_touch_nothing(as_role, page, heading):
    reader = as_role(Role.VIEWER)

    shown = text_of(reader.get(f"{url('page_designer', page)}?block={heading.pk}"))
    answers = [
        reader.post(url(name, heading), saved(heading)).status_code
        for name in ("block_save", "block_preview", "block_move", "block_copy", "block_remove")
    ]

    assert "Hello" in shown
    assert "disabled" in shown
    assert ">Save<" not in shown
    assert answers == [403] * 5
    assert reader.post(url("block_new", page), {"kind": "text.heading"}).status_code == 403
    assert texts(page) == ["Hello"]


def test_strangers_find_nothing(client, page, heading):
    client.force_login(factories.make_user(organization=factories.make_organization()))

    answers = [
        client.post(url(name, heading)).status_code
        for name in ("block_save", "block_preview", "block_move", "block_copy", "block_remove")
    ]

    assert answers == [404] * 5
    assert client.get(url("page_designer", page)).status_code == 404
    assert client.post(url("block_new", page), {"kind": "text.heading"}).status_code == 404
    assert client.post(url("page_move", page), {"step": "up"}).status_code == 404
    assert client.post(url("pages_make", page.project), {}).status_code == 404


def test_the_designer_costs_the_same_whatever_is_on_the_page(owner, page, table, django_assert_max_num_queries):
    blocks.add_block(page, "text.heading")
    owner.get(url("page_designer", page))
    with django_assert_max_num_queries(12) as few:
        owner.get(url("page_designer", page))
    for _number in range(29):
        blocks.add_block(page, "text.heading")

    with django_assert_max_num_queries(len(few)):
        owner.get(url("page_designer", page))


def test_pages_of_a_table_are_made_and_opened(owner, table):
    answer = owner.post(url("pages_make", table.project), {"table": str(table.pk)})

    made = list(table.project.pages.all())
    assert [page.slug for page in made] == ["orders", "orders-one-row", "orders-form"]
    assert answer.url == url("page_designer", made[0])


@pytest.mark.parametrize("typed", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_pages_of_no_table_cannot_be_made(owner, table, typed):
    assert owner.post(url("pages_make", table.project), {"table": typed}).status_code == 404


def test_pages_of_a_foreign_table_cannot_be_made(owner, table):
    foreign = factories.make_table()

    assert owner.post(url("pages_make", table.project), {"table": str(foreign.pk)}).status_code == 404
    assert not Page.objects.exists()


def test_a_project_lists_its_pages_in_order(owner, page):
    second = pages.add_page(page.project, "Second")

    owner.post(url("page_move", second), {"step": "up"})

    shown = text_of(owner.get(url("project_change", page.project)))
    assert shown.index("/second/") < shown.index("/start/")
    assert shown.index("/second/") < shown.index("people arrive here") < shown.index("/start/")


def test_a_page_is_added_renamed_and_deleted(owner, table):
    owner.post(
        reverse("admin:studio_page_add"), {"project": str(table.project_id), "title": " Our  clients ", "in_menu": "on"}
    )
    page = table.project.pages.get()
    form = owner.get(url("page_change", page)).context["adminform"].form
    typed = {"title": "Clients", "slug": "clients", "seen_at": form["seen_at"].value()}

    answer = owner.post(url("page_change", page), typed)
    late = owner.post(url("page_change", page), typed)
    page.refresh_from_db()
    question = text_of(owner.get(url("page_delete", page)))
    owner.post(url("page_delete", page), {"post": "yes"})

    assert answer.url == url("page_designer", page)
    assert (page.title, page.slug, page.in_menu) == ("Clients", "clients", False)
    assert "Somebody changed this meanwhile" in late.context["adminform"].form.errors["title"][0]
    assert "Rows of tables stay" in question
    assert not Page.objects.exists()


def test_an_address_that_is_taken_is_told_at_its_field(owner, page):
    second = pages.add_page(page.project, "Second")

    answer = owner.post(url("page_change", second), {"title": "Second", "slug": "start"})

    assert "slug" in answer.context["adminform"].form.errors


def test_an_old_title_comes_back_from_the_history(owner, page):
    first = page.history.first()
    pages.change_page(page, title="New", slug="new")

    owner.post(
        reverse("admin:studio_page_simple_history", args=[page.pk, first.pk]), {"title": "Start", "slug": "start"}
    )

    page.refresh_from_db()
    assert (page.title, page.slug) == ("Start", "start")


def test_before_a_table_is_dropped_its_pages_are_named(owner, table, page):
    blocks.add_block(page, "data.list")

    assert "Start" in text_of(owner.get(url("datatable_delete", table)))
