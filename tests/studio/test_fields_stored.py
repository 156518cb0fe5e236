"""Fields in real tables: what PostgreSQL keeps by itself, checks it makes, conversions, people, forms."""

import pytest
from django.db import connection
from django.db.utils import IntegrityError
from psycopg2 import sql

from nocode.foundation.models import Role
from nocode.studio.errors import RecordErrors
from nocode.studio.fields import field_types
from nocode.studio.forms import RowForm
from nocode.studio.layouts import layout_of
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests.factories import make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return make_organization()


@pytest.fixture
def project(organization):
    return make_project(organization)


def test_every_scalar_kind_is_stored_and_read_back(project, organization):
    member = make_user(organization=organization)
    options = {"options": ["A", "B, c"]}
    values = {
        "text": "a", "long_text": "a\nb", "rich_text": "*a*", "integer": 5, "decimal": 1.5, "currency": 2.25,
        "percent": 0.125, "boolean": False, "date": "2026-02-03", "datetime": "2026-02-03T04:05:06Z",
        "time": "04:05:06.500000", "duration": 5400, "email": "a@example.com", "url": "https://example.com",
        "phone": "+1 202 555 0100", "select": "A", "multi_select": ["B, c", "A"],
        "uuid": "01234567-89ab-cdef-0123-456789abcdef", "json": {"a": [1]}, "user": member.pk,
    }  # fmt: skip
    fields = [NewField(kind, kind, settings=options if "select" in kind else {}) for kind in values]
    table = make_table(project, fields=tuple(fields))
    names = {field.kind: field.physical_name for field in table.fields.all()}
    records = Records(table)

    made = records.create({names[kind]: value for kind, value in values.items()})

    assert {kind: made[names[kind]] for kind in values} == values
    assert records.get(made["id"]) == made
    for kind in values:
        field_type = field_types[kind]
        assert field_type.cell(made[names[kind]], options)
        shown, initial = field_type.form_field(options, required=False), field_type.to_form(made[names[kind]])
        sent = initial if isinstance(initial, list) else str(shown.prepare_value(initial))
        assert not shown.has_changed(initial, sent), kind


def test_rows_are_numbered_and_named_by_themselves(project):
    table = make_table(project)
    records = Records(table)
    first = records.create({"name": "first"})["id"]
    manager = SchemaManager(project)
    number, identifier = manager.add_field(table, "Number", "auto_number"), manager.add_field(table, "Key", "uuid")
    table.refresh_from_db()
    records = Records(table)

    second = records.create({"name": "second"})
    assert records.get(first)[number.physical_name] == 1
    assert second[number.physical_name] == 2
    assert second[identifier.physical_name]
    assert records.get(first)[identifier.physical_name]
    assert second[identifier.physical_name] != records.get(first)[identifier.physical_name]
    assert number.physical_name not in RowForm(layout_of(table)).names


def test_moments_and_people_of_a_row(project, organization):
    ada, bob = (make_user(organization=organization, name=name) for name in ("Ada", "Bob"))
    kinds = ("created_time", "updated_time", "created_by", "updated_by")
    table = make_table(project, fields=(NewField("Name", "text"), *(NewField(kind, kind) for kind in kinds)))

    row = Records(table, actor=ada).create({"name": "a"})
    row = Records(table, actor=bob).update(row["id"], {"name": "b"})

    assert row["created_time"] == row["created_at"]
    assert row["updated_time"] == row["updated_at"]
    assert "Ada" in field_types["created_by"].cell(row["created_by"])
    assert "Bob" in field_types["updated_by"].cell(row["updated_by"])
    assert RowForm(layout_of(table)).names == ["name"]


def test_names_of_many_people_are_asked_for_once(organization, django_assert_max_num_queries):
    people = [make_user(organization=organization, name=f"Person {n}") for n in range(30)]

    with django_assert_max_num_queries(2):
        cells = [field_types["user"].cell(each.pk, {"organization": str(organization.pk)}) for each in people]

    assert [f"Person {n}" in cell for n, cell in enumerate(cells)] == [True] * 30
    assert "deleted person" in field_types["user"].cell(2**40)


def test_only_members_are_named(project, organization):
    table = make_table(project, fields=(NewField("Who", "user"),))
    member = make_user(organization=organization, role=Role.VIEWER, name="Zoé")
    stranger = make_user(organization=make_organization())

    assert Records(table).create({"who": member.pk})["who"] == member.pk
    with pytest.raises(RecordErrors, match="not a member"):
        Records(table).create({"who": stranger.pk})
    choices = dict(RowForm(layout_of(table)).fields["value_who"].choices)
    assert choices[member.pk] == "Zoé"
    assert stranger.pk not in choices


def test_the_form_explains_marks_what_is_required_and_offers_defaults(project):
    table = make_table(project, fields=(NewField("Name", "text", required=True), NewField("Amount", "integer")))
    table.fields.filter(label="Name").update(help_text="As on the invoice.")
    table.fields.filter(label="Amount").update(default=5)
    table.save()

    form = RowForm(layout_of(table))

    assert form.fields["value_name"].help_text == "As on the invoice."
    assert form.fields["value_name"].required
    assert not form.fields["value_amount"].required
    assert 'value="5"' in str(form["value_amount"])


@pytest.mark.parametrize(
    ("source", "value", "target", "config", "expected"),
    [
        ("datetime", "2026-02-03 23:30+00", "date", {}, "2026-02-04"),
        ("datetime", "2026-02-03 23:30+00", "time", {}, "00:30:00"),
        ("decimal", "12.5", "integer", {}, 13),
        ("decimal", "12.345", "currency", {}, 12.35),
        ("integer", "12", "percent", {}, 12),
        ("percent", "0.25", "text", {}, "25 %"),
        ("duration", "5405", "text", {}, "1:30:05"),
        ("text", "1 h 30", "duration", {}, 5400),
        ("multi_select", "{a}", "select", {"options": ["A"]}, "A"),
        ("json", '"x"', "text", {}, "x"),
        ("text", "abc", "integer", {}, None),
    ],
)
def test_a_column_is_converted(settings, source, value, target, config, expected):
    settings.TIME_ZONE = "Europe/Paris"
    old, new = field_types[source], field_types[target]
    column = sql.SQL("{}::{}").format(sql.Literal(value), sql.SQL(old.column))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT {}").format(new.converted(column, old, {"options": ["A"]}, config)))
        (found,) = cursor.fetchone()

    assert (None if found is None else new.to_json(found)) == expected


@pytest.mark.parametrize(
    ("kind", "config", "good", "bad"),
    [
        ("text", {"max_length": 2}, "ab", "abc"),
        ("text", {}, "ab", "a\nb"),
        ("integer", {"min": "1", "max": "3"}, 3, 4),
        ("decimal", {"decimals": 1}, "1.5", "1.55"),
        ("currency", {}, "1.55", "1.555"),
        ("select", {"options": ["A"]}, "A", "B"),
        ("multi_select", {"options": ["A", "B"]}, ["B"], ["B", "C"]),
        ("date", {"min": "2026-01-01"}, "2026-01-01", "2025-12-31"),
        ("file", {}, '[{"id": 1}]', "[]"),
    ],
)
def test_the_database_holds_the_settings(kind, config, good, bad):
    field_type = field_types[kind]
    check = field_type.constraint(sql.Identifier("value"), config)
    with connection.cursor() as cursor:
        column = sql.SQL(field_type.column)
        cursor.execute(sql.SQL("CREATE TEMP TABLE held (value {} CHECK ({})) ON COMMIT DROP").format(column, check))
        insert = sql.SQL("INSERT INTO held VALUES ({}), (NULL)")
        cursor.execute(insert.format(sql.Literal(good)))
        with pytest.raises(IntegrityError):
            cursor.execute(insert.format(sql.Literal(bad)))
