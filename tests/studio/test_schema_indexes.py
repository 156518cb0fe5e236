"""Indexes are asked for in the change, and built beside the work of others."""

import threading

import pytest
from django.db import connection, connections, transaction

from nocode.foundation.models import OutboxEvent
from nocode.studio import subscribers
from nocode.studio.errors import FieldMissing, NameTaken, SchemaRefused
from nocode.studio.jobs.base import JobCancelled
from nocode.studio.models import DataTable, SchemaChange, TableIndex, TableJob
from nocode.studio.schema import functions, indexing
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.searching import search_expression
from nocode.studio.services.records import Records
from nocode.studio.tasks import run_table_job
from tests.factories import make_table
from tests.studio.structure import ask

needs_commits = pytest.mark.django_db(transaction=True)
State = TableIndex.State
DEFINITION = "SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND indexname = %s"


@pytest.fixture
def table():
    made = make_table(
        label="T", fields=(NewField("Name", "text"), NewField("Notes", "long_text"), NewField("Age", "integer"))
    )
    yield made
    type(made.project).everything.get(pk=made.project_id).delete()


@pytest.fixture
def manager(table):
    return SchemaManager(table.project)


def build_all() -> None:
    """What the worker does: tell the events, run the jobs."""
    for event in OutboxEvent.objects.filter(name="studio.index.requested").order_by("pk"):
        subscribers.build_index(event)
    OutboxEvent.objects.all().delete()
    for job in TableJob.objects.filter(state="pending"):
        run_table_job(str(job.pk))


def definition(index: TableIndex) -> str:
    found = ask(DEFINITION, index.table.project.schema_name, index.physical_name)
    return found[0][0].partition(" USING ")[2] if found else ""


@needs_commits
def test_index_is_asked_for_and_built_by_a_job(table, manager):
    version = table.updated_at

    index = manager.add_index(table, ["age", "name"])
    assert (index.state, definition(index)) == (State.BUILDING, "")
    build_all()

    index.refresh_from_db()
    assert (index.state, definition(index)) == (State.READY, "btree (age, name, id)")
    assert TableJob.objects.get().state == "done"
    assert DataTable.objects.get(pk=table.pk).updated_at > version


@needs_commits
def test_search_index_finds_words_inside_all_texts(table, manager):
    assert functions.has_trigrams()
    Records(table).create({"name": "Ada", "notes": "met in Rome"})

    index = manager.add_index(table, kind="search")
    build_all()

    assert index.columns == ["name", "notes"]
    assert definition(index).startswith("gin (")
    assert "gin_trgm_ops" in definition(index)
    words = search_expression(index.columns)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        query = f"FROM \"{table.project.schema_name}\".t WHERE {words.as_string(cursor.connection)} ILIKE '%%rome%%'"
        cursor.execute(f"EXPLAIN SELECT id {query}", [])
        assert index.physical_name in "".join(line for (line,) in cursor.fetchall())
        cursor.execute(f"SELECT id {query}", [])
        assert cursor.fetchall() == [(1,)]


@needs_commits
def test_search_index_follows_the_fields(table, manager):
    index = manager.add_index(table, kind="search")
    build_all()

    mail = manager.add_field(table, "City", "text")
    index.refresh_from_db()
    assert (index.columns, index.state, definition(index)) == (["city", "name", "notes"], State.BUILDING, "")
    build_all()
    assert "city" in definition(index)

    manager.drop_field(mail)
    build_all()
    index.refresh_from_db()
    assert (index.state, "city" in definition(index)) == (State.READY, False)
    manager.drop_field(table.fields.get(label="Name"))
    manager.drop_field(table.fields.get(label="Notes"))
    assert not TableIndex.objects.exists()


@needs_commits
def test_search_index_is_built_again_when_a_text_becomes_a_number_and_back(table, manager):
    index = manager.add_index(table, kind="search")
    build_all()

    manager.retype_field(table.fields.get(label="Name"), "integer")
    build_all()
    index.refresh_from_db()
    assert (index.columns, index.state) == (["notes"], State.READY)
    manager.undo()
    build_all()
    index.refresh_from_db()
    assert (index.columns, index.state) == (["name", "notes"], State.READY)
    assert "name" in definition(index)


@needs_commits
def test_index_goes_and_comes_with_its_field_and_its_type(table, manager):
    index = manager.add_index(table, ["age"])
    build_all()
    age = table.fields.get(label="Age")

    manager.drop_field(age)
    assert (definition(index), TableIndex.objects.count()) == ("", 0)
    manager.undo()
    build_all()
    assert definition(index) == "btree (age, id)"

    manager.retype_field(age, "text")
    build_all()
    assert definition(index) == "btree (age, id)"
    manager.undo()
    build_all()
    assert definition(index) == "btree (age, id)"


@needs_commits
def test_undo_drops_the_index_and_redo_builds_it_again(table, manager):
    index = manager.add_index(table, ["age"])
    build_all()

    manager.undo()
    assert (definition(index), TableIndex.objects.count()) == ("", 0)
    manager.redo()
    build_all()
    assert definition(index) == "btree (age, id)"
    manager.drop_index(TableIndex.objects.get())
    assert definition(index) == ""


@pytest.mark.django_db
def test_index_that_makes_no_sense_is_refused(table, manager):
    with pytest.raises(FieldMissing, match="no field “nope”"):
        manager.add_index(table, ["nope"])
    with pytest.raises(FieldMissing, match="“notes” that rows can be sorted by"):
        manager.add_index(table, ["notes"])
    manager.add_index(table, ["age"])
    with pytest.raises(NameTaken, match="already has this index"):
        manager.add_index(table, ["age"])
    bare = make_table(table.project, "Bare", ())
    with pytest.raises(SchemaRefused, match="no field to search in"):
        manager.add_index(bare, kind="search")


@needs_commits
def test_half_built_index_is_dropped_and_built_again(table, manager):
    index = manager.add_index(table, ["age"])
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE INDEX {index.physical_name} ON "{table.project.schema_name}".t (name)')

    build_all()

    assert definition(index) == "btree (age, id)"


@needs_commits
def test_building_waits_for_writers_tells_progress_and_can_be_stopped(table, manager):
    """An open transaction holds the build up, not the other way round: others write meanwhile."""
    index, release, held = manager.add_index(table, ["age"]), threading.Event(), threading.Event()

    def writer() -> None:
        with transaction.atomic():
            Records(DataTable.objects.get(pk=table.pk)).create({"name": "Ada"})
            held.set()
            release.wait(20)
        connections.close_all()

    thread = threading.Thread(target=writer)
    thread.start()
    assert held.wait(10)
    looks = []

    def stop_at_the_second_look(done: int, total: int) -> None:
        looks.append((done, total))
        if len(looks) == 2:
            Records(DataTable.objects.get(pk=table.pk)).create({"name": "written meanwhile"})
            raise JobCancelled

    releasing = threading.Timer(3, release.set)  # what dropping the half waits for
    releasing.start()
    with pytest.raises(JobCancelled):
        indexing.build(index, stop_at_the_second_look)
    thread.join(10)

    assert len(looks) == 2
    assert definition(index) == ""
    assert Records(DataTable.objects.get(pk=table.pk)).count() == 2


@needs_commits
def test_index_dropped_while_it_was_built_leaves_nothing(table, manager, monkeypatch):
    index = manager.add_index(table, ["age"])
    build = indexing.build

    def dropped_meanwhile(each, tell) -> None:
        build(each, tell)
        TableIndex.objects.all().delete()

    monkeypatch.setattr(indexing, "build", dropped_meanwhile)
    build_all()

    assert definition(index) == ""


@needs_commits
def test_values_too_long_for_an_index_are_told(table, manager):
    SchemaManager(table.project).change_field(table.fields.get(label="Name"), settings={"max_length": 500})
    check = table.fields.get(label="Name").check_constraint
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{table.project.schema_name}".t DROP CONSTRAINT {check}')
        cursor.execute(
            f"INSERT INTO \"{table.project.schema_name}\".t (name) SELECT string_agg(md5(n::text), '')"
            " FROM generate_series(1, 500) AS n"
        )
    index = manager.add_index(table, ["name"])

    build_all()

    index.refresh_from_db()
    assert (index.state, index.error) == (State.FAILED, "Some values are too long for an index: filter and sort: name")
    assert TableJob.objects.get().state == "failed"
    assert SchemaChange.objects.filter(forward__op="add_index").count() == 1
