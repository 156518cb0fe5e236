"""Imports into relations: rows of other tables are named in a file, found all at once, made when they are missing."""

import json

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nocode.foundation.models import OutboxEvent
from nocode.studio.errors import ImportRefused
from nocode.studio.importing.options import Options
from nocode.studio.importing.ways import BY_LABEL, BY_NUMBER
from nocode.studio.models import DataTable, RecordChange, TableJob
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import imports
from nocode.studio.services.records import Records
from nocode.studio.views import import_form
from tests.factories import make_project, make_table, make_user
from tests.studio.importing import mistakes, rows_of, run, stored

pytestmark = pytest.mark.django_db

State = TableJob.State


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def customers(project):
    fields = (NewField("Name", "text"), NewField("E-mail", "email", unique=True), NewField("Code", "text", unique=True))
    table = make_table(project, "Customers", fields)
    Records(table).create_many(
        [
            {"name": "Ann", "e_mail": "ann@example.com", "code": "A-1"},
            {"name": "Bob", "e_mail": "bob@example.com", "code": "B-1"},
            {"name": "Smith, John", "e_mail": "john@example.com"},
            {"name": "Twin"},
            {"name": "Twin"},
        ]
    )
    return table


@pytest.fixture
def tags(project):
    table = make_table(project, "Tags", (NewField("Word", "text", unique=True),))
    Records(table).create_many([{"word": word} for word in ("red", "green", "blue")])
    return table


@pytest.fixture
def orders(customers, tags):
    colours = {"options": ["S", "M", "L, wide"]}
    return make_table(
        customers.project,
        "Orders",
        (
            NewField("Title", "text", unique=True),
            NewField("Customer", "relation", settings={"table": str(customers.pk), "on_delete": "restrict"}),
            NewField("Tags", "relations", settings={"table": str(tags.pk)}),
            NewField("Sizes", "multi_select", settings=colours),
        ),
    )


def fresh(table: DataTable) -> DataTable:
    return DataTable.objects.select_related("project").get(pk=table.pk)


def import_into(table: DataTable, content: str | bytes, name: str = "orders.csv", **asked) -> TableJob:
    """An import as the page guesses it, with what a person chose instead: `columns` by name, `keys` by name."""
    file = stored(table.project, content, name)
    options = import_form.likeliest(imports.look(file), fresh(table), name)
    chosen = asked.pop("columns", {})
    columns = [type(each)(**{**vars(each), **chosen.get(each.name, {})}) for each in options.columns]
    keys = [[each.name for each in columns].index(key) for key in asked.pop("keys", [])]
    options = Options(options.format, columns, keys=keys, **asked)
    return run(imports.start(file, options, table=fresh(table), user=file.uploaded_by))


def links_of(table: DataTable) -> list[tuple]:
    """The title of each row with the names of the rows it leads to."""
    page = Records(fresh(table)).page(order="id", size=1000)
    return [(row["title"], page.labels[row["id"]]["customer"], page.labels[row["id"]].get("tags")) for row in page.rows]


def helping_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE 'st\\_%' AND relkind = 'r'")
        return [name for (name,) in cursor.fetchall()]


# --- One row ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "text"),
    [(BY_LABEL, "Bob"), (BY_LABEL, "  Bob "), ("e_mail", "bob@example.com"), ("code", "B-1"), (BY_NUMBER, "#2")],
)
def test_rows_are_found_in_the_way_that_was_chosen(orders, match, text):
    job = import_into(orders, f"Title,Customer\nfirst,{text}\nsecond,\n", columns={"Customer": {"match": match}})

    assert (job.state, job.error) == (State.DONE, "")
    assert links_of(orders) == [("first", "Bob", None), ("second", None, None)]
    assert helping_tables() == []


@pytest.mark.parametrize(
    ("texts", "match"),
    [
        (["Ann", "Bob"], BY_LABEL),
        (["1", "#2"], BY_NUMBER),
        (["ann@example.com"], "e_mail"),
        (["Ann", "12"], BY_LABEL),
        (["", ""], BY_LABEL),
    ],
)
def test_the_way_is_guessed_from_the_texts(orders, texts, match):
    file = stored(orders.project, "\n".join(["Title,Customer", *(f"t{n},{text}" for n, text in enumerate(texts))]))

    options = import_form.likeliest(imports.look(file), orders, "orders.csv")

    assert options.columns[1].match == match


def test_texts_that_mean_no_row_or_several_are_reported_in_their_cells(orders):
    job = import_into(orders, "Title,Customer\na,Ann\nb,Nobody\nc,Twin\n", skip_bad=True)

    assert (job.result["created"], job.result["bad_rows"], job.result["bad_cells"]) == (1, 2, 2)
    report = mistakes(job)
    assert "3,Customer,Nobody,“Customers” has no row “Nobody” (the name of the row (Name))" in report
    assert "4,Customer,Twin,2 rows of “Customers” are “Twin” (the name of the row (Name)): it does not say" in report


def test_all_or_nothing_holds_for_relations(orders, customers, everything):
    before = everything()

    columns = {"Customer": {"make_missing": True}}
    job = import_into(orders, "Title,Customer\na,Carl\nb,Twin\n", columns=columns)

    assert (job.state, job.error) == (State.FAILED, "1 cell cannot be imported, in 1 row. Nothing was imported.")
    assert everything() == before
    assert (len(rows_of(orders, "title")), len(rows_of(customers, "name"))) == (0, 5)
    assert helping_tables() == []


def test_a_relation_to_one_row_takes_no_list(orders):
    text = json.dumps([{"Title": "a", "Customer": ["Ann", "Bob"]}, {"Title": "b", "Customer": []}])

    job = import_into(orders, text, "orders.json", skip_bad=True)

    assert "it names 2 rows; this field leads to one" in mistakes(job)
    assert links_of(orders) == [("b", None, None)]


def test_a_unique_relation_refuses_the_same_row_twice(orders, customers):
    settings = {"table": str(customers.pk), "on_delete": "restrict"}
    SchemaManager(orders.project).add_field(fresh(orders), "Payer", "relation", settings=settings, unique=True)

    job = import_into(orders, "Title,Payer\na,Ann\nb,ann@example.com\nc,Ann\n", skip_bad=True)

    assert "4,Payer,Ann,row 2 of the file has this value already" in mistakes(job)


def test_a_relation_can_be_the_key(orders):
    Records(fresh(orders)).create({"title": "old", "customer": 1})

    job = import_into(orders, "Customer,Title\nAnn,new\nBob,other\n", keys=["Customer"])

    assert (job.result["updated"], job.result["created"]) == (1, 1)
    assert links_of(orders) == [("new", "Ann", None), ("other", "Bob", None)]


# --- Missing rows -----------------------------------------------------------------------------------------------------


def test_missing_rows_are_made_once_with_their_defaults_and_events(project, orders, customers):
    SchemaManager(project).add_field(fresh(customers), "State", "text", default="new")
    text = "Title,Customer\na,Carl\nb, Carl\nc,Ann\nd,Dora\n"

    job = import_into(orders, text, columns={"Customer": {"make_missing": True}}, each_row=True)

    assert job.result["made"] == {"Customers": 2}
    assert [label for _title, label, _tags in links_of(orders)] == ["Carl", "Carl", "Ann", "Dora"]
    assert sorted(row for row in rows_of(customers, "name", "state") if row[1]) == [("Carl", "new"), ("Dora", "new")]
    told = OutboxEvent.objects.filter(name="studio.record.created", payload__table="customers")
    made = told.filter(payload__record_id__gt=5)
    assert [event.payload["changed"] for event in made] == [["name"], ["name"]]
    page = Client()
    page.force_login(make_user(organization=project.organization, role="owner"))
    assert "Rows added to “Customers”" in page.get(reverse("admin:studio_job", args=[job.pk])).content.decode()


def test_columns_that_name_the_same_missing_row_make_it_once(project, orders, customers):
    settings = {"table": str(customers.pk), "on_delete": "restrict"}
    SchemaManager(project).add_field(fresh(orders), "Payer", "relation", settings=settings)
    SchemaManager(project).add_field(fresh(orders), "Others", "relations", settings={"table": str(customers.pk)})
    text = "Title,Customer,Payer,Others\na,Acme,Acme,\nb,Zeta,Acme,Zeta\nc,Ann,Late,Late\n"

    columns = {name: {"make_missing": True} for name in ("Customer", "Payer", "Others")}
    job = import_into(orders, text, columns=columns)

    assert (job.state, job.result["made"]) == (State.DONE, {"Customers": 3})
    made = {name: number for number, name in rows_of(customers, "id", "name") if number > 5}
    assert set(made) == {"Acme", "Zeta", "Late"}
    acme, zeta, late = made["Acme"], made["Zeta"], made["Late"]
    assert rows_of(orders, "customer", "payer", "others") == [
        (acme, acme, None),
        (zeta, acme, [zeta]),
        (1, late, [late]),
    ]


def test_a_missing_row_is_made_for_the_column_whose_row_is_good(project, orders, customers):
    settings = {"table": str(customers.pk), "on_delete": "restrict"}
    SchemaManager(project).add_field(fresh(orders), "Payer", "relation", settings=settings)
    text = "Title,Customer,Payer\na,Acme,Twin\nb,Ann,Acme\n"

    columns = {name: {"make_missing": True} for name in ("Customer", "Payer")}
    job = import_into(orders, text, columns=columns, skip_bad=True)

    assert (job.result["created"], job.result["bad_rows"], job.result["made"]) == (1, 1, {"Customers": 1})
    [[number]] = [row for row in rows_of(customers, "id") if row[0] > 5]
    assert rows_of(orders, "title", "customer", "payer") == [("b", 1, number)]


def test_rows_with_mistakes_make_nothing_elsewhere(orders, customers):
    columns = {"Customer": {"make_missing": True}}
    job = import_into(orders, "Title,Customer,Sizes\na,Carl,XXL\nb,Dora,S\n", columns=columns, skip_bad=True)

    assert job.result["made"] == {"Customers": 1}
    assert [name for (name,) in rows_of(customers, "name")][5:] == ["Dora"]


def test_a_trial_counts_missing_rows_and_makes_none(orders, customers):
    columns = {"Customer": {"make_missing": True}}
    job = import_into(orders, "Title,Customer\na,Carl\n", columns=columns, dry_run=True)

    assert (job.result["made"], job.result["created"]) == ({"Customers": 1}, 1)
    assert len(rows_of(customers, "name")) == 5
    assert rows_of(orders, "title") == []
    import_into(orders, "Title,Customer\na,Carl\n", columns=columns)
    assert rows_of(orders, "id") == [(1,)]
    assert rows_of(customers, "id")[5:] == [(6,)]


def test_missing_names_that_the_field_does_not_take_are_reported(orders):
    columns = {"Customer": {"match": "e_mail", "make_missing": True}}
    job = import_into(orders, "Title,Customer\na,no address\nb,new@example.com\n", columns=columns, skip_bad=True)

    assert "“Customers” has no row “no address”, and none can be made" in mistakes(job)
    assert job.result["made"] == {"Customers": 1}


def test_missing_rows_that_need_more_than_a_name_are_refused_before_anything_runs(project, orders, customers):
    SchemaManager(project).add_field(fresh(customers), "Country", "text", default="FR", required=True)
    SchemaManager(project).change_field(fresh(customers).fields.get(label="Country"), default=None)

    with pytest.raises(ImportRefused, match="they also need a value for: Country"):
        import_into(orders, "Title,Customer\na,Carl\n", columns={"Customer": {"make_missing": True}})
    with pytest.raises(ImportRefused, match="choose a field that people fill in"):
        import_into(orders, "Title,Customer\na,7\n", columns={"Customer": {"match": BY_NUMBER, "make_missing": True}})


# --- Many rows --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        ('"red, blue"', "comma"),
        ("red; blue", "semicolon"),
        ('"red\nblue"', "line"),
        ('"[""red"", ""blue""]"', "comma"),
    ],
)
def test_several_rows_in_one_cell(orders, cells, separator):
    file = stored(orders.project, f"Title,Tags\na,{cells}\n")
    guessed = import_form.likeliest(imports.look(file), fresh(orders), "orders.csv").columns[1]

    job = import_into(orders, f"Title,Tags\na,{cells}\nb,\n")

    assert (guessed.match, guessed.separator) == (BY_LABEL, separator)
    assert (job.state, job.error) == (State.DONE, "")
    assert links_of(orders) == [("a", None, ["red", "blue"]), ("b", None, None)]
    assert helping_tables() == []


def test_every_name_of_a_cell_must_be_known(orders):
    job = import_into(orders, 'Title,Tags\na,"red, pink, grey"\nb,"green, green"\n', skip_bad=True)

    told = "“Tags” has no row “{}” (the name of the row (Word))"
    assert f"{told.format('pink')}; {told.format('grey')}" in mistakes(job)
    assert links_of(orders) == [("b", None, ["green"])]


def test_missing_rows_are_made_for_names_in_a_list(orders, tags):
    columns = {"Tags": {"make_missing": True}}
    job = import_into(orders, 'Title,Tags\na,"red, pink"\nb,"pink, grey"\n', columns=columns)

    assert job.result["made"] == {"Tags": 2}
    assert links_of(orders) == [("a", None, ["red", "pink"]), ("b", None, ["grey", "pink"])]
    assert len(rows_of(tags, "word")) == 5


def test_an_update_replaces_the_links_and_keeps_what_they_were(orders):
    records = Records(fresh(orders))
    records.create({"title": "a", "tags": [1, 2]})
    same = records.create({"title": "b", "tags": [3]})
    records.create({"title": "c", "tags": [1]})
    text = 'Title,Tags\na,"blue, red"\nb,blue\nc,\nd,green\n'

    job = import_into(orders, text, keys=["Title"], each_row=True)

    assert (job.result["updated"], job.result["unchanged"], job.result["created"]) == (2, 1, 1)
    assert links_of(orders) == [
        ("a", None, ["red", "blue"]),
        ("b", None, ["blue"]),
        ("c", None, None),
        ("d", None, ["green"]),
    ]
    changes = [(each.before, each.after) for each in RecordChange.objects.filter(verb="updated").order_by("record_id")]
    assert changes == [({"tags": [1, 2]}, {"tags": [1, 3]}), ({"tags": [1]}, {"tags": None})]
    assert Records(fresh(orders)).get(same["id"])["updated_at"] == same["updated_at"]


def test_a_change_of_links_can_be_taken_back(orders):
    records = Records(fresh(orders))
    row = records.create({"title": "a", "tags": [1, 2]})
    import_into(orders, "Title,Tags\na,blue\n", keys=["Title"])

    change = RecordChange.objects.get(record_id=row["id"], verb="updated")
    Records(fresh(orders)).revert(row["id"], change.pk)

    assert links_of(orders) == [("a", None, ["red", "green"])]


def test_a_relation_to_many_rows_is_no_key(orders):
    with pytest.raises(ImportRefused, match="it goes to a relation to many rows"):
        import_into(orders, "Title,Tags\na,red\n", keys=["Tags"])


def test_options_of_a_multiple_choice_are_parted_as_chosen(orders):
    text = 'Title,Sizes\na,"L, wide"\nb,S; M\nc,"[""L, wide"", ""S""]"\nd,\n'

    job = import_into(orders, text)

    assert (job.state, job.error) == (State.DONE, "")
    assert rows_of(orders, "sizes") == [(["L, wide"],), (["S", "M"],), (["L, wide", "S"],), (None,)]


def test_finding_rows_takes_as_many_statements_for_many_rows_as_for_one(orders):
    def statements(rows: int, start: int) -> int:
        lines = [f't{start + number},Ann,"red, blue"' for number in range(rows)]
        with CaptureQueriesContext(connection) as queries:
            job = import_into(orders, "\n".join(["Title,Customer,Tags", *lines]))
        assert job.result["created"] == rows
        return len(queries)

    statements(1, 0)
    assert statements(1, 10) == statements(30, 100)


# --- People, and rows of the same table -------------------------------------------------------------------------------


def test_members_are_found_by_name_address_or_number(project):
    tasks = make_table(project, "Tasks", (NewField("Title", "text"), NewField("Who", "user")))
    ann = make_user("Ann.Lee@example.com", organization=project.organization, name="Ann Lee")
    for name in ("Twin", "Twin"):
        make_user(organization=project.organization, name=name)
    make_user("bob@example.com", organization=make_project().organization, name="Bob")

    by_name = import_into(tasks, "Title,Who\na,Ann Lee\nb,Bob\nc,Twin\n", skip_bad=True)
    by_address = import_into(tasks, "Title,Who\nd,ann.lee@EXAMPLE.com\ne,bob@example.com\nf,\n", skip_bad=True)
    by_number = import_into(tasks, f"Title,Who\ng,{ann.pk}\nh,99999999\n", skip_bad=True)

    assert "3,Who,Bob,no member of the organization is “Bob” (the name of the person)" in mistakes(by_name)
    assert "4,Who,Twin,2 members of the organization are “Twin”" in mistakes(by_name)
    assert "no member of the organization is “bob@example.com” (the e-mail address)" in mistakes(by_address)
    assert (by_number.result["created"], by_number.result["bad_cells"]) == (1, 1)
    assert rows_of(tasks, "title", "who") == [("a", ann.pk), ("d", ann.pk), ("f", None), ("g", ann.pk)]


def test_members_are_found_without_joining_the_tables_of_the_platform(project):
    tasks = make_table(project, "Tasks", (NewField("Title", "text"), NewField("Who", "user")))
    ann = make_user(organization=project.organization, name="Ann %s 'Lee'")

    with CaptureQueriesContext(connection) as queries:
        import_into(tasks, "Title,Who\na,Ann %s 'Lee'\n")

    assert rows_of(tasks, "who") == [(ann.pk,)]
    asked = [each["sql"] for each in queries if "foundation_membership" in each["sql"]]
    assert asked
    assert not [each for each in asked if project.schema_name in each]


def test_rows_of_the_same_table_are_related_by_a_second_import(project):
    people = make_table(project, "People", (NewField("Name", "text", unique=True),))
    settings = {"table": str(people.pk), "on_delete": "restrict"}
    SchemaManager(project).add_field(people, "Boss", "relation", settings=settings)
    text = "Name,Boss\nAnn,Bob\nBob,\n"

    refused = import_into(people, text)
    with pytest.raises(ImportRefused, match="import it without this"):
        import_into(people, text, columns={"Boss": {"make_missing": True}})
    import_into(people, text, columns={"Boss": {"target": ""}})
    job = import_into(people, text, keys=["Name"])

    assert "import once without this column, then again with a key" in mistakes(refused)
    assert (job.state, job.result["updated"]) == (State.DONE, 1)
    _ann, (bob,) = rows_of(people, "id")
    assert rows_of(people, "name", "boss") == [("Ann", bob), ("Bob", None)]


# --- There and back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_what_was_exported_is_imported_again(orders, kind):
    records = Records(fresh(orders))
    records.create_many(
        [
            {"title": "a", "customer": 3, "tags": [1, 3], "sizes": ["L, wide", "S"]},
            {"title": "b", "customer": 1, "tags": [2]},
            {"title": "c"},
        ]
    )
    Records(fresh(DataTable.objects.get(label="Tags"))).update(1, {"word": "a, b; [c]"})
    client = Client()
    client.force_login(make_user(organization=orders.project.organization, role="owner"))
    answer = client.get(reverse("admin:studio_table_export", args=[orders.pk]), {"format": kind, "sort": "id"})
    content, before = b"".join(answer.streaming_content), links_of(orders)
    sizes = rows_of(orders, "sizes")
    records.delete_many(ids=[row["id"] for row in records.find()])

    job = import_into(orders, content, f"orders.{kind}")

    assert (job.state, job.error) == (State.DONE, "")
    assert links_of(orders) == before
    assert rows_of(orders, "sizes") == sizes


def test_json_has_the_numbers_and_the_names(orders):
    Records(fresh(orders)).create({"title": "a", "customer": 2, "tags": [1, 2]})
    client = Client()
    client.force_login(make_user(organization=orders.project.organization, role="viewer"))
    answer = client.get(reverse("admin:studio_table_export", args=[orders.pk]), {"format": "json"})

    [row] = json.loads(b"".join(answer.streaming_content))

    assert row["Customer"] == {"id": 2, "label": "Bob"}
    assert row["Tags"] == [{"id": 1, "label": "red"}, {"id": 2, "label": "green"}]


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_page_asks_how_rows_are_found_and_follows_the_answer(orders):
    file = stored(orders.project, 'Title,Customer,Tags\na,Carl,"red, pink"\n')
    client = Client()
    client.force_login(make_user(organization=orders.project.organization, role="editor"))
    address = f"{reverse('admin:studio_import', args=[file.pk])}?table={orders.pk}"

    shown = client.get(address).content.decode()
    posted = {"target-0": "title", "target-1": "customer", "match-1": BY_LABEL, "missing-1": "on"}
    posted |= {"target-2": "tags", "match-2": BY_LABEL, "separator-2": "comma", "missing-2": "on", "bad": "all"}
    client.post(address, {**posted, "import": ""})

    assert 'name="match-1"' in shown
    assert 'name="separator-2"' in shown
    assert 'name="match-0"' not in shown
    run(TableJob.objects.get())
    assert links_of(orders) == [("a", "Carl", ["red", "pink"])]


def test_nonsense_from_the_page_is_refused(orders):
    file = stored(orders.project, "Title,Customer\na,Ann\n")
    posted = QueryDict("target-0=title&target-1=customer&match-1=title&separator-1=;drop")
    options = import_form.options_from(posted, imports.look(file))

    assert options.columns[1].separator == ""
    with pytest.raises(ImportRefused, match="Choose again how the column “Customer” names the rows of “Customers”"):
        imports.start(file, options, table=fresh(orders), user=file.uploaded_by)


def test_a_field_that_was_dropped_meanwhile_ends_the_job_in_words(project, orders, customers):
    file = stored(project, "Title,Customer\na,A-1\n")
    posted = QueryDict("target-0=title&target-1=customer&match-1=code")
    job = imports.start(
        file, import_form.options_from(posted, imports.look(file)), table=fresh(orders), user=file.uploaded_by
    )
    SchemaManager(project).drop_field(fresh(customers).fields.get(label="Code"))

    job = run(job)

    assert (job.state, "names rows by a field that is not there any more" in job.error) == (State.FAILED, True)
