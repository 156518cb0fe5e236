"""The rows of a table narrowed by conditions and sorted, all in the address."""

import re
from html import unescape

import pytest
from django.http import QueryDict
from django.urls import reverse

from nocode.studio.fields import field_types
from nocode.studio.queries import OPERATORS
from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db

FIELDS = (
    NewField("Customer", "text"),
    NewField("Amount", "decimal"),
    NewField("Pieces", "integer"),
    NewField("Day", "date"),
    NewField("Moment", "datetime"),
    NewField("Gift", "boolean"),
    NewField("State", "select", settings={"options": ["open", "done"]}),
    NewField("Mail", "email"),
    NewField("Notes", "long_text"),
    NewField("Data", "json"),
)


@pytest.fixture
def table():
    organization = factories.make_organization()
    table = factories.make_table(factories.make_project(organization), "Orders", FIELDS)
    Records(table).create(
        {
            "customer": "Ada",
            "amount": 5,
            "pieces": 1,
            "day": "2026-01-05",
            "moment": "2026-01-05T10:00Z",
            "gift": True,
            "state": "open",
            "mail": "ada@example.com",
            "notes": "likes tea",
            "data": {"size": "big"},
        }
    )
    Records(table).create({"customer": "Bob", "amount": 15, "pieces": 9})
    return table


@pytest.fixture
def owner(client, table):
    client.force_login(factories.make_user(organization=table.project.organization))
    return client


def rows(client, table, *conditions, **parameters) -> list[int]:
    return rows_of(ask(client, table, *conditions, **parameters))


def rows_of(page) -> list[int]:
    return [int(row) for row in re.findall(r'<tr data-id="(\d+)"', page.content.decode())]


def ask(client, table, *conditions, **parameters):
    query = QueryDict(mutable=True)
    for field, operator, value in conditions:
        query.appendlist("f", field)
        query.appendlist("op", operator)
        query.appendlist("v", value)
    query.update(parameters)
    return client.get(f"{reverse('admin:studio_table_rows', args=[table.pk])}?{query.urlencode()}")


def test_every_operator_of_every_type_is_one_of_ours():
    for field_type in field_types:
        assert set(field_type.operators) <= set(OPERATORS)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (("customer", "contains", "AD"), [1]),
        (("customer", "ne", "Ada"), [2]),
        (("customer", "ends_with", "b"), [2]),
        (("amount", "gte", "15"), [2]),
        (("amount", "lt", "15"), [1]),
        (("pieces", "eq", "9"), [2]),
        (("day", "lte", "2026-01-05"), [1]),
        (("day", "is_empty", ""), [2]),
        (("moment", "gt", "2026-01-05T09:59Z"), [1]),
        (("gift", "eq", "true"), [1]),
        (("state", "eq", "open"), [1]),
        (("mail", "contains", "@example"), [1]),
        (("notes", "contains", "tea"), [1]),
        (("data", "contains", "big"), [1]),
        (("data", "is_not_empty", ""), [1]),
        (("id", "gt", "1"), [2]),
        (("created_at", "gt", "2020-01-01"), [2, 1]),
    ],
)
def test_a_condition_narrows_the_rows(owner, table, condition, found):
    assert rows(owner, table, condition) == found


def test_all_conditions_hold_and_are_kept_in_every_link(owner, table):
    both = [("amount", "gt", "1"), ("customer", "eq", "Ada")]

    page = ask(owner, table, *both, q="tea", sort="-amount")

    assert rows_of(page) == [1]
    chips = list(page.context["asked"].chips())
    assert [chip["text"] for chip in chips] == ["Amount is greater than “1”", "Customer is “Ada”"]
    assert QueryDict(chips[0]["url"]).lists() != []
    without = QueryDict(chips[0]["url"]).dict()
    without.pop("g")  # its group
    assert without == {"f": "customer", "op": "eq", "v": "Ada", "q": "tea", "sort": "-amount"}


@pytest.mark.parametrize(
    ("sort", "order"), [("amount", [1, 2]), ("-amount", [2, 1]), ("day", [1, 2]), ("-day", [1, 2])]
)
def test_a_column_sorts_with_empty_values_last(owner, table, sort, order):
    assert rows(owner, table, sort=sort) == order


def test_sorting_goes_up_down_and_off(owner, table):
    def link(sort: str, icon: str) -> str:
        """Where an item of the column's menu leads."""
        heads = str(ask(owner, table, sort=sort).context["heads"]).split("<th ")
        [head] = [each for each in heads if 'data-name="amount"' in each]
        [query] = re.findall(rf'href="\?([^"]*)" class="c-menu__item" data-icon="{icon}"', head)
        return QueryDict(unescape(query)).get("sort", "")

    assert link("", "arrow_upward") == "amount"
    assert link("amount", "arrow_downward") == "-amount"
    assert link("-amount", "close") == ""


def test_sorted_rows_are_paged(owner, table):
    Records(table).create_many([{"customer": "C", "amount": number % 7} for number in range(60)])

    seen, address = [], "sort=amount"
    while address:
        page = owner.get(f"{reverse('admin:studio_table_rows', args=[table.pk])}?{address}")
        seen += rows_of(page)
        address = page.context["next"]

    assert len(seen) == len(set(seen)) == 62


NONSENSE = [
    "f=amount&op=gte&v=abc",
    "f=no_such&op=eq&v=1",
    "f=amount&op=DROP&v=1",
    "f=customer%22&op=eq&v=%00",
    "f=customer&op=contains&v=%00",
    "f=customer&op=in&v=x",
    "f=customer",
    "f=&op=&v=",
    "sort=notes",
    "sort=no_such",
    "sort=--amount",
    "sort=amount&after=999",
    "sort=amount&before=x",
    "&".join(["f=customer&op=eq&v=x"] * 50),
]


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_is_told_and_never_an_error(owner, table, query):
    page = owner.get(f"{reverse('admin:studio_table_rows', args=[table.pk])}?{query}")

    assert page.status_code == 200


def test_a_refused_condition_stays_to_be_corrected(owner, table):
    page = ask(owner, table, ("amount", "gte", "abc"))

    assert "“abc” is not a number" in page.content.decode()
    assert "Amount is at least “abc”" in page.content.decode()


@pytest.mark.parametrize("field", [*[each.label.lower() for each in FIELDS], "id", "updated_at", "no_such", ""])
def test_the_inputs_fit_the_field(owner, table, field):
    part = owner.get(reverse("admin:studio_table_condition", args=[table.pk]), {"f": field}).content.decode()

    assert 'name="op"' in part
    assert 'name="v"' in part
    if field == "gift":
        assert "contains" not in part
        assert '<option value="true">Yes</option>' in part


def test_conditions_cost_no_query(owner, table, django_assert_max_num_queries):
    ask(owner, table)

    with django_assert_max_num_queries(16) as plain:
        ask(owner, table)
    # The empty values of the sorted column are read apart, and the size of the table, to tell whether an index helps.
    with django_assert_max_num_queries(len(plain) + 4):
        ask(owner, table, ("amount", "gt", "1"), ("customer", "contains", "a"), sort="-amount")


def test_strangers_find_no_inputs(client, table):
    client.force_login(factories.make_user(organization=factories.make_organization()))

    assert client.get(reverse("admin:studio_table_condition", args=[table.pk])).status_code == 404
