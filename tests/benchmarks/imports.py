"""How fast files come in: rows per second with every cell checked, beside a bare COPY of the same file."""

import csv
import io
import random
import threading
import time
from collections.abc import Iterator

import psutil
import xlsxwriter
from django.db import connection
from psycopg2 import sql

from nocode.studio.importing.options import Column, Options
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import imports
from nocode.studio.tasks import run_table_job
from tests.benchmarks.harness import Bench, measurement, ratio
from tests.factories import make_organization, make_project, make_user

OURS, BARE = "import of CSV, every cell checked", "bare COPY into the same indexed table"
MEMORY = "import of CSV, memory above idle"
FIELDS = (
    NewField("Name", "text", required=True),
    NewField("E-mail", "email"),
    NewField("City", "text"),
    NewField("Status", "select", settings={"options": ["new", "open", "waiting", "closed"]}),
    NewField("Amount", "decimal"),
    NewField("Quantity", "integer"),
    NewField("Active", "boolean"),
    NewField("Born", "date"),
    NewField("Seen", "datetime"),
    NewField("Notes", "long_text"),
)
INDEXED = ("e_mail", "status", "seen")


def day(pick: random.Random) -> str:
    return f"{pick.randrange(1, 13):02}-{pick.randrange(1, 29):02}"


def lines(amount: int) -> Iterator[str]:
    """A file of people, always the same."""
    pick = random.Random(3)
    yield ",".join(field.label for field in FIELDS) + "\n"
    for number in range(amount):
        yield (
            f"Person {number},person{number}@example.com,City {pick.randrange(500)},"
            f"{pick.choice(('new', 'open', 'waiting', 'closed'))},{pick.randrange(10**7) / 100},{pick.randrange(1000)},"
            f"{pick.choice(('true', 'false'))},19{pick.randrange(50, 100)}-{day(pick)},"
            f"2026-{day(pick)}T{pick.randrange(24):02}:30:00Z,"
            f'"Something, that was said about person {number}"\n'
        )


class Place:
    """A project with the file, and an empty indexed table for each sample."""

    def __init__(self, amount: int):
        self.amount = amount
        self.project = make_project(make_organization())
        self.user = make_user(organization=self.project.organization)
        self.content = "".join(lines(amount)).encode()
        self.tables = 0

    def table(self) -> DataTable:
        """A fresh table; those before it are emptied, so that all find the same room."""
        self.tables += 1
        table = SchemaManager(self.project).create_table(f"People {self.tables}", FIELDS)
        with connection.cursor() as cursor:
            for name in INDEXED:
                cursor.execute(sql.SQL("CREATE INDEX ON {} ({})").format(layout_of(table).target, sql.Identifier(name)))
        return table

    def empty(self, table: DataTable) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("TRUNCATE {}").format(layout_of(table).target))


def place(bench: Bench) -> Place:
    if "place" not in bench.shared:
        bench.shared["place"] = Place(20_000 if bench.quick else 100_000)
    return bench.shared["place"]


class Memory:
    """The most memory this process takes while a block runs, beyond what it had before."""

    def __enter__(self) -> "Memory":
        self._process, self._over = psutil.Process(), threading.Event()
        self._before = self._most = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_error) -> None:
        self._over.set()
        self._thread.join()

    @property
    def megabytes(self) -> float:
        return (self._most - self._before) / 2**20

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self._most = max(self._most, self._process.memory_info().rss)


def run_import(here: Place, content: bytes, name: str) -> float:
    """The seconds of the job, from the worker's first statement to its last."""
    table = here.table()
    file = imports.upload(io.BytesIO(content), name, here.project, here.user)
    seen = imports.look(file)
    by_label = {field.label: field.physical_name for field in table.fields.all()}
    options = Options(seen.format, [Column(each, by_label[each]) for each in seen.names])
    job = imports.start(file, options, table=table, user=here.user)
    began = time.perf_counter()
    run_table_job(str(job.pk))
    seconds = time.perf_counter() - began
    job.refresh_from_db()
    if job.result.get("created") != here.amount:
        raise AssertionError(f"{job.state}: {job.error} {job.result}")
    here.empty(table)
    return seconds


@measurement(BARE, unit="rows/s")
def bare_copy(bench: Bench) -> float:
    here = place(bench)
    table = here.table()
    names = [field.physical_name for field in table.fields.all()]
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv, HEADER)").format(
        layout_of(table).target, sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, bench.clock() as clock:
        cursor.copy_expert(statement, io.BytesIO(here.content), 2**16)
    here.empty(table)
    return here.amount / clock.seconds


@measurement(OURS, unit="rows/s")
def import_csv(bench: Bench) -> float:
    here = place(bench)
    return here.amount / run_import(here, here.content, "people.csv")


@measurement(MEMORY, unit="MB")
def memory(bench: Bench) -> float:
    here = place(bench)
    with Memory() as memory:
        run_import(here, here.content, "people.csv")
    return memory.megabytes


@measurement("import of XLSX, every cell checked", unit="rows/s")
def import_xlsx(bench: Bench) -> float:
    here = place(bench)
    if "xlsx" not in bench.shared:
        bench.shared["xlsx"] = spreadsheet(here.content)
    return here.amount / run_import(here, bench.shared["xlsx"], "people.xlsx")


def spreadsheet(content: bytes) -> bytes:
    """The same file as a spreadsheet, all cells as text."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"constant_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(csv.reader(io.StringIO(content.decode()))):
        sheet.write_row(number, 0, row)
    book.close()
    return made.getvalue()


ratio("imported and checked / bare COPY", OURS, BARE, at_least=0.35)
