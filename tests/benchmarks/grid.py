"""The grid of a table of 1,000,000 rows and 12 columns: how long the web server of `up` takes to answer a person.

The rows are written in the database, the indexes are those the product builds; both stay for the next run. Caller,
server and database share this machine's processors. The statements of an answer are counted in this process, and so is
the processor time it takes without the database ("cpu"); its bytes are those that were sent.
"""

import http.client
import re
import statistics
import time
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from psycopg2 import sql

from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import Organization, User
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable, Project, TableIndex
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import jobs
from nocode.studio.tasks import run_table_job
from tests.benchmarks._server import web_server
from tests.benchmarks.harness import Bench, Sample, goal, measurement
from tests.factories import make_project, make_user

KEEPS_DATA = True
ROWS, QUICK = 1_000_000, 50_000
COMPANIES = 1000
REQUESTS, SLOW_REQUESTS = 20, 4  # for one sample; what reads the whole table is asked for less often
IN_PROCESS = 3  # requests whose processor time is counted
WARM_UP = 6  # requests before the clock runs: every thread of every process knows the table then
STATUSES = ["New", "Open", "Waiting", "Won", "Lost", "Closed"]
INDEXED = ("status", "amount", "seen")

FILL_COMPANIES = sql.SQL(
    "INSERT INTO {} (name) SELECT 'Company ' || substr(md5(number::text), 1, 6) FROM generate_series(1, {}) AS number"
)
FILL = sql.SQL(
    """
INSERT INTO {table} (name, e_mail, status, amount, quantity, rate, active, born, seen, company, phone, notes)
SELECT 'Person ' || substr(md5(number::text), 1, 8), 'person' || number || '@example.com',
       ({statuses}::text[])[CASE WHEN number % 20 < 3 THEN 4 ELSE 1 + number % 3 END],
       (number::bigint * 7919 % 1000000) / 100.0, number * 31 % 100000, (number % 101) / 100.0, number % 2 = 0,
       date '1950-01-01' + number % 20000, timestamptz '2026-01-01' - number * interval '7 seconds',
       1 + number % {companies}, '+33 6 ' || lpad((number % 100000000)::text, 8, '0'),
       'Something that was said about ' || substr(md5((number + 1)::text), 1, 12) || ' on the phone'
FROM generate_series(1, {rows}) AS number
"""
)


def fields(companies: DataTable) -> tuple[NewField, ...]:
    """Twelve columns of mixed types."""
    return (
        NewField("Name", "text", required=True),
        NewField("E-mail", "email"),  # unique once it is filled
        NewField("Status", "select", settings={"options": STATUSES}),
        NewField("Amount", "decimal", required=True),
        NewField("Quantity", "integer"),
        NewField("Rate", "percent"),
        NewField("Active", "boolean"),
        NewField("Born", "date"),
        NewField("Seen", "datetime"),
        NewField("Company", "relation", settings={"table": str(companies.pk)}),
        NewField("Phone", "phone"),
        NewField("Notes", "long_text"),
    )


class Place:
    """The table, the server, and a person who is logged in."""

    def __init__(self, rows: int, running: ExitStack):
        self.rows = rows
        self.project = _project(rows)
        self.manager = SchemaManager(self.project)
        self.user = User.objects.get(organizations=self.project.organization)
        self.table = self.project.tables.filter(label="People").first() or self._filled()
        self._forget_added()
        self.indexes = [self._index([name]) for name in INDEXED]
        self.search = self._index([], TableIndex.Kind.SEARCH)
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("VACUUM ANALYZE {}").format(layout_of(self.table).target))
        self.client = Client(SERVER_NAME="localhost")
        self.client.force_login(self.user)
        self.port = running.enter_context(web_server())
        self.kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.cookies = {name: each.value for name, each in self.client.cookies.items()}

    @transaction.atomic
    def _filled(self) -> DataTable:
        """Rows first, and what holds them true afterwards: a third of the time."""
        companies = self.manager.create_table("Companies", [NewField("Name", "text", required=True)])
        table = self.manager.create_table("People", fields(companies))
        self.manager.loosen_relations()
        names = {"statuses": STATUSES, "companies": COMPANIES, "rows": self.rows}
        with connection.cursor() as cursor:
            cursor.execute(FILL_COMPANIES.format(layout_of(companies).target, sql.Literal(COMPANIES)))
            literals = {name: sql.Literal(value) for name, value in names.items()}
            cursor.execute(FILL.format(table=layout_of(table).target, **literals))
        self.manager.fasten_relations()
        self.manager.change_field(table.fields.get(label="E-mail"), unique=True)
        return DataTable.objects.get(pk=table.pk)

    def _forget_added(self) -> None:
        """The rows that an earlier run added."""
        with connection.cursor() as cursor:
            target = layout_of(self.table).target
            cursor.execute(sql.SQL("DELETE FROM {} WHERE id > {}").format(target, sql.Literal(self.rows)))

    def _index(self, columns: list[str], kind: str = TableIndex.Kind.ORDER) -> TableIndex:
        there = self.table.indexes.filter(kind=kind, state=TableIndex.State.READY)
        if found := there.filter(columns=columns).first() if columns else there.first():
            return found
        index = self.manager.add_index(self.table, columns, kind)
        job = jobs.start("index", project=self.project, table=self.table, options={"index": str(index.pk)})
        run_table_job(str(job.pk))
        job.refresh_from_db()
        if job.state != job.State.DONE:
            raise NoCodeError(job.error)
        index.refresh_from_db()
        return index

    def address(self, name: str, *more: Any, **query: Any) -> str:
        path = reverse(f"admin:studio_table_{name}", args=[self.table.pk, *more])
        return f"{path}?{urlencode(query, doseq=True)}" if query else path

    def fetch(self, url: str, data: dict[str, Any] | None = None, **headers: str) -> tuple[float, bytes]:
        """The milliseconds until the whole answer is here, and the answer."""
        names = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        if data is not None:
            names |= {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": self.cookies["csrftoken"]}
        body = None if data is None else urlencode(data)
        began = time.perf_counter()
        self.kept.request("GET" if data is None else "POST", url, body, names)
        answer = self.kept.getresponse()
        content = answer.read()
        taken = (time.perf_counter() - began) * 1000
        for header in answer.headers.get_all("Set-Cookie", []):
            name, _is, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status not in (200, 204):
            raise NoCodeError(f"{url} answered {answer.status}: {content[:300]!r}")
        return taken, content


def _project(rows: int) -> Project:
    """The one an earlier run left, or a new one with its owner, in a database that may take memory to build indexes."""
    name = f"{rows:,} rows"
    if found := Project.objects.filter(name=name).first():
        return found
    database = sql.Identifier(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ALTER DATABASE {} SET maintenance_work_mem = '256MB'").format(database))
    organization = Organization.objects.create(name=name, slug=f"rows-{rows}")
    make_user(f"rows-{rows}@example.com", organization=organization)
    return make_project(organization, name)


def place(bench: Bench) -> Place:
    """Made with the first measurement; the server runs until this process ends."""
    if "place" not in bench.shared:
        bench.shared["place"] = Place(QUICK if bench.quick else ROWS, bench.running)
    return bench.shared["place"]


def percentiles(taken: list[float], **cost: int) -> dict[str, Sample]:
    cuts = statistics.quantiles(taken, n=20, method="inclusive")
    return {"p50": Sample(cuts[9]), "p95": Sample(cuts[18], **cost)}


def page(bench: Bench, url: str, requests: int = REQUESTS, **headers: str) -> dict[str, Sample]:
    """How long an address takes to be answered."""
    here = place(bench)
    here.kept.close()
    for _number in range(WARM_UP if requests == REQUESTS else 1):
        _taken, content = here.fetch(url, **headers)
    here.client.get(url, headers=headers)
    with bench.statements() as count:
        here.client.get(url, headers=headers)
    began = time.process_time()
    for _number in range(IN_PROCESS):
        here.client.get(url, headers=headers)
    cpu = (time.process_time() - began) * 1000 / IN_PROCESS
    here.kept.close()  # the server may have ended it meanwhile; the next request opens another
    taken = [here.fetch(url, **headers)[0] for _number in range(requests)]
    return percentiles(taken, statements=count.total, bytes=len(content)) | {"cpu": Sample(cpu)}


def condition(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"f": field, "op": op, "v": value, "g": 0}


@measurement("first page and count", unit="ms")
def first_page(bench: Bench) -> dict[str, Sample]:
    return page(bench, place(bench).address("rows"))


@measurement("the rows alone, as htmx asks", unit="ms")
def rows_alone(bench: Bench) -> dict[str, Sample]:
    return page(bench, place(bench).address("rows"), **{"HX-Request": "true"})


@measurement("a page after 900,000 rows", unit="ms")
def deep_page(bench: Bench) -> dict[str, Sample]:
    here = place(bench)
    return page(bench, here.address("rows", after=here.rows // 10))


@measurement("sorted by an indexed column", unit="ms")
def sorted_indexed(bench: Bench) -> dict[str, Sample]:
    return page(bench, place(bench).address("rows", sort="-amount"))


@measurement("sorted by an indexed column of few values, deep", unit="ms")
def sorted_few(bench: Bench) -> dict[str, Sample]:
    here = place(bench)
    return page(bench, here.address("rows", sort="status", after=here.rows // 2))


@measurement("sorted by the name of a related row", unit="ms")
def sorted_related(bench: Bench) -> dict[str, Sample]:
    return page(bench, place(bench).address("rows", sort="company"))


@measurement("sorted by an unindexed column", unit="ms")
def sorted_unindexed(bench: Bench) -> dict[str, Sample]:
    return page(bench, place(bench).address("rows", sort="quantity"), SLOW_REQUESTS)


@measurement("indexed e-mail is …", unit="ms")
def indexed_equal(bench: Bench) -> dict[str, Sample]:
    here = place(bench)
    return page(bench, here.address("rows", **condition("e_mail", "eq", f"person{here.rows // 2}@example.com")))


@measurement("filter by an unindexed column, rare", unit="ms")
def unindexed_rare(bench: Bench) -> dict[str, Sample]:
    return page(bench, place(bench).address("rows", **condition("phone", "eq", "+33 6 00000777")))


@measurement("filter by status, 150,000 rows, and count", unit="ms")
def status_and_count(bench: Bench) -> dict[str, Sample]:
    return page(bench, place(bench).address("rows", **condition("status", "eq", "Won")))


@measurement("text contains, rare", unit="ms")
def contains(bench: Bench) -> dict[str, Sample]:
    return page(bench, place(bench).address("rows", **condition("name", "contains", "c4ca4238")))


@measurement("search in all columns, rare, by index", unit="ms")
def search(bench: Bench) -> dict[str, Sample]:
    return page(bench, place(bench).address("rows", q="c4ca4238"))


@measurement("search in all columns, rare, without index", unit="ms")
def search_unindexed(bench: Bench) -> dict[str, Sample]:
    here = place(bench)
    _set_search(here, TableIndex.State.FAILED)
    try:
        return page(bench, here.address("rows", q="c4ca4238"), SLOW_REQUESTS)
    finally:
        _set_search(here, TableIndex.State.READY)


def _set_search(here: Place, state: str) -> None:
    """Have the table searched with its index, or as if there were none."""
    TableIndex.objects.filter(pk=here.search.pk).update(state=state)
    here.table.save(update_fields=["updated_at"])


@measurement("grouped by status, with counts and sums", unit="ms")
def grouped(bench: Bench) -> dict[str, Sample]:
    return page(bench, place(bench).address("rows", group="status"), SLOW_REQUESTS)


@measurement("the form of a row", unit="ms")
def drawer(bench: Bench) -> dict[str, Sample]:
    return page(bench, place(bench).address("row", place(bench).rows // 2), **{"HX-Request": "true"})


@measurement("saving a value", unit="ms")
def save_value(bench: Bench) -> dict[str, Sample]:
    here, taken = place(bench), []
    for number in range(REQUESTS):
        url = here.address("cell", here.rows - number, "quantity")
        editor = here.fetch(url)[1].decode()
        seen = re.search(r'name="seen_at" value="([^"]+)"', editor)[1]
        value = int(time.monotonic_ns() % 1_000_000)
        taken.append(here.fetch(url, {"value_quantity": value, "seen_at": seen})[0])
    return percentiles(taken)


@measurement("adding a row", unit="ms")
def add_row(bench: Bench) -> dict[str, Sample]:
    here, taken = place(bench), []
    url = here.address("row_add")
    here.fetch(url)
    for _number in range(REQUESTS):
        unique = time.monotonic_ns()
        values = {"name": f"New {unique}", "e_mail": f"new{unique}@example.com", "status": "New", "amount": "5"}
        values = {f"value_{name}": value for name, value in values.items()}
        taken.append(here.fetch(url, values, **{"HX-Request": "true"})[0])
    return percentiles(taken)


for _name, _at_most in {
    "first page and count": 20,
    "the rows alone, as htmx asks": 15,
    "a page after 900,000 rows": 20,
    "sorted by an indexed column": 20,
    "sorted by an indexed column of few values, deep": 20,
    "indexed e-mail is …": 15,
    "filter by an unindexed column, rare": 60,
    "filter by status, 150,000 rows, and count": 30,
    "text contains, rare": 25,
    "search in all columns, rare, by index": 30,
    "saving a value": 10,
    "adding a row": 10,
}.items():
    goal(f"{_name}, p95", at_most=_at_most)
