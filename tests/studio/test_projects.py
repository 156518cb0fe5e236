"""A project and its schema come and go together; platform tables are never touched."""

import logging
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone
from psycopg2 import sql

from nocode.db.base import DatabaseWrapper
from nocode.foundation.meters import meters
from nocode.foundation.models import OutboxEvent
from nocode.setup.embedded import client_for
from nocode.studio.errors import NameRefused, NameTaken, SchemaRefused, TableMissing
from nocode.studio.models import DataTable, Project
from nocode.studio.schema import ddl, functions
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.services import projects
from nocode.studio.services.projects import create_project
from nocode.studio.services.records import Records
from nocode.studio.tasks import empty_trash
from tests.factories import make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db


def schemas() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'p\\_%'")
        return {name for (name,) in cursor.fetchall()}


def test_create_project_makes_its_schema():
    project = create_project(make_organization(), "Ventes été")

    assert project.schema_name == f"p_ventes_ete_{project.pk.hex[-8:]}"
    assert project.schema_name in schemas()


def test_project_name_is_unique_in_its_organization_only():
    project = make_project(name="Sales")

    assert make_project(name="Sales").schema_name != project.schema_name
    with pytest.raises(NameTaken, match="already has a project named “Sales”"):
        create_project(project.organization, "Sales")


@pytest.mark.parametrize("who", ["project", "organization", "queryset"])
def test_delete_drops_the_schema_with_its_tables(who):
    table = make_table()
    project, other = table.project, make_project()
    Records(table).create({"name": "Ada"})

    {
        "project": project.delete,
        "organization": project.organization.delete,
        "queryset": Project.objects.filter(pk=project.pk).delete,
    }[who]()

    assert project.schema_name not in schemas()
    assert other.schema_name in schemas()


# --- The trash --------------------------------------------------------------------------------------------------------


def test_project_in_the_trash_is_out_of_sight_with_its_tables():
    table = make_table(label="People")
    project, user = table.project, make_user(organization=table.project.organization)
    Records(table).create({"name": "Ada"})

    projects.trash(project)

    assert not Project.objects.visible_to(user).exists()
    assert not DataTable.objects.visible_to(user).exists()
    assert list(Project.everything.visible_to(user)) == [project]
    assert project.schema_name in schemas()
    with pytest.raises(TableMissing):
        Records(DataTable.everything.get(pk=table.pk)).find()
    assert OutboxEvent.objects.filter(name="studio.project.trashed").count() == 1


def test_project_comes_back_with_its_rows():
    table = make_table(label="People")
    Records(table).create({"name": "Ada"})
    thrown = projects.trash(table.project)

    projects.restore(thrown)

    assert Records(DataTable.objects.get(pk=table.pk)).get(1)["name"] == "Ada"
    assert SchemaManager(table.project).rename_table(table, "Persons").label == "Persons"


def test_name_of_a_project_in_the_trash_is_free_and_must_be_when_it_comes_back():
    project = make_project(name="Sales")
    projects.trash(project)

    other = create_project(project.organization, "Sales")
    with pytest.raises(NameTaken, match="already has a project named “Sales”"):
        projects.restore(project)

    projects.trash(other)
    assert projects.restore(project).trashed_at is None


def test_purge_asks_for_the_trash_and_for_the_name():
    table = make_table()
    project = table.project
    SchemaManager(project).drop_table(table)
    with pytest.raises(SchemaRefused, match="is not in the trash"):
        projects.purge(project, name=project.name)
    projects.trash(project)

    with pytest.raises(NameRefused, match=f"Type the name of the project to delete it: {project.name}"):
        projects.purge(project, name="Something else")
    assert {project.schema_name, project.trash_schema} <= schemas()

    projects.purge(project, name=f" {project.name} ")
    assert not {project.schema_name, project.trash_schema} & schemas()
    assert not Project.everything.filter(pk=project.pk).exists()
    assert not DataTable.everything.filter(pk=table.pk).exists()


def test_project_is_purged_after_the_grace_period(settings):
    settings.NOCODE_TRASH_DAYS = 7
    old, young, used = make_project(), make_project(), make_project()
    for project, days in ((old, 8), (young, 6)):
        projects.trash(project)
        Project.everything.filter(pk=project.pk).update(trashed_at=timezone.now() - timedelta(days=days))

    assert empty_trash() == {"projects": 1, "tables": 0, "fields": 0}

    assert set(Project.everything.all()) == {young, used}
    assert old.schema_name not in schemas()


def test_trash_counts_as_storage_not_as_projects_and_tables():
    table = make_table()
    organization = table.project.organization_id
    SchemaManager(table.project).drop_table(table)
    assert (meters["tables"].count(organization), meters["projects"].count(organization)) == (0, 1)
    assert meters["storage"].count(organization) > 0

    projects.trash(table.project)
    assert meters["projects"].count(organization) == 0
    assert meters["storage"].count(organization) > 0


def test_deleting_an_organization_takes_the_trash_with_it():
    table = make_table()
    SchemaManager(table.project).drop_table(table)
    projects.trash(table.project)

    table.project.organization.delete()

    assert not {table.project.schema_name, table.project.trash_schema} & schemas()


# --- Functions and triggers -------------------------------------------------------------------------------------------


def test_delete_of_a_project_without_schema_works():
    project = Project.objects.create(organization=make_organization(), name="Bare", schema_name="p_bare")

    project.delete()

    assert not Project.objects.exists()


def test_public_functions_are_there_and_installing_again_is_harmless():
    call_command("migrate", verbosity=0)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prorettype::regtype::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND proname IN ('update_updated_at_column', 'create_updated_at_trigger') ORDER BY 1"
        )
        assert cursor.fetchall() == [
            ("create_updated_at_trigger", "event_trigger"),
            ("update_updated_at_column", "trigger"),
        ]


def test_platform_tables_have_no_trigger_of_ours():
    make_table()

    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'set_updated_at'")
        tables = [name for (name,) in cursor.fetchall()]

    assert tables
    assert all(name.startswith("p_") for name in tables)


def test_role_without_the_right_goes_on_without_event_trigger(caplog):
    if functions.has_event_trigger():
        pytest.skip("this database role may create event triggers")

    with caplog.at_level(logging.INFO, logger=functions.__name__):
        functions.install_functions()

    assert "may not create event triggers" in caplog.text
    assert not functions.has_event_trigger()


def test_other_failures_of_the_event_trigger_are_not_hidden(monkeypatch):
    if functions.has_event_trigger():
        pytest.skip("the event trigger exists")
    monkeypatch.setattr(functions, "_EVENT_TRIGGER", "CREATE NONSENSE")

    with pytest.raises(Exception, match="syntax error"):
        functions.install_functions()


def test_direct_sql_moves_updated_at_only_when_something_changed():
    table = make_table()
    row = Records(table).create({"name": "Ada"})
    target = sql.Identifier(table.project.schema_name, table.physical_name)

    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("UPDATE {} SET name = 'Ada'").format(target))
        assert Records(table).get(row["id"])["updated_at"] == row["updated_at"]

        cursor.execute(sql.SQL("UPDATE {} SET name = 'Bob'").format(target))
        assert Records(table).get(row["id"])["updated_at"] > row["updated_at"]


def has_extension(database, name: str) -> bool:
    """Whether the server has an extension to offer."""
    with database.cursor() as cursor:
        cursor.execute("SELECT FROM pg_available_extensions WHERE name = %s", [name])
        return cursor.rowcount > 0


@pytest.fixture
def embedded(tmp_path):
    """A connection to an embedded server of our own, as the ordinary role that NoCode uses there."""
    home = {"home": tmp_path, "durable": False}
    settings = connections.configure_settings({"default": {"ENGINE": "nocode.db", "NAME": "nocode", "EMBEDDED": home}})
    connections["embedded"] = DatabaseWrapper(settings["default"], "embedded")
    yield connections["embedded"]
    connections["embedded"].close()
    del connections["embedded"]
    client_for(**home).release()


def test_the_superuser_of_the_embedded_server_makes_the_event_trigger(embedded):
    functions.install_functions("embedded")
    functions.install_functions("embedded")  # again, as after each migration

    assert functions.has_event_trigger("embedded")
    assert functions.has_trigrams("embedded") == has_extension(embedded, "pg_trgm")
    with embedded.cursor() as cursor:
        for statement in ddl.create_schema("p_sales", "NoCode project 1"):
            cursor.execute(statement)
        for statement in ddl.create_schema("p_sales_trash", "NoCode trash of 1"):
            cursor.execute(statement)
        cursor.execute("CREATE SCHEMA other")
        for schema in ("p_sales", "p_sales_trash", "other", "public"):
            place = sql.Identifier(schema, "by_hand")
            cursor.execute(sql.SQL("CREATE TABLE {} (name text, updated_at timestamptz)").format(place))
        cursor.execute("CREATE TABLE p_sales.without_time (name text)")
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'set_updated_at'")
        assert cursor.fetchall() == [("p_sales.by_hand",)]

        cursor.execute("INSERT INTO p_sales.by_hand (name) VALUES ('Ada')")
        cursor.execute("UPDATE p_sales.by_hand SET name = 'Bob' RETURNING updated_at = statement_timestamp()")
        assert cursor.fetchone() == (True,)
