"""What the tests of whole projects share."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from nocode.foundation.models import Organization
from nocode.studio.models import DataTable, Project
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from nocode.studio.transfer import reading, writing
from nocode.studio.transfer.archive import ZipArchive
from nocode.studio.transfer.format import MANIFEST
from nocode.studio.transfer.reading import Read
from nocode.studio.transfer.writing import Contents
from tests.factories import make_project

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "project-file.schema.json").read_text())
EVERYTHING = Contents(rows=True, files=True)


def exported(project: Project, contents: Contents = EVERYTHING) -> bytes:
    """The file of a project."""
    stream = io.BytesIO()
    writing.write(project, stream, contents, lambda done, total: None)
    return stream.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """The entries of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(entries: dict[str, bytes | str]) -> bytes:
    """A zip of entries."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


def structure(project: Project) -> dict[str, Any]:
    """The structure of a project as its file tells it."""
    return json.loads(unpacked(exported(project, Contents()))[MANIFEST])


def imported(content: bytes, organization: Organization | None = None, **options) -> tuple[Project, Read]:
    """A new project out of a file."""
    project = make_project(organization)
    with ZipArchive(io.BytesIO(content)) as archive:
        return project, reading.fill(project, archive, **options)


def table_of(project: Project, label: str) -> DataTable:
    return DataTable.objects.select_related("project").get(project=project, label=label)


def rows_of(project: Project, label: str) -> list[dict[str, Any]]:
    """All rows of a table as Records answers them."""
    return Records(table_of(project, label)).find(order="id", limit=1000)


def make_shop() -> Project:
    """Customers and orders that lead to each other in every way there is."""
    project = make_project(name="Shop")
    manager = SchemaManager(project)
    customers = manager.create_table("Customers", [NewField("Name", "text", required=True)], description="Who buys")
    orders = manager.create_table(
        "Orders", [NewField("No", "auto_number"), NewField("Amount", "currency", settings={"currency": "EUR"})]
    )
    link = manager.add_field(orders, "Customer", "relation", settings={"table": str(customers.pk)}, required=True)
    manager.add_field(customers, "Friends", "relations", settings={"table": str(customers.pk)})
    manager.add_field(customers, "Best order", "relation", settings={"table": str(orders.pk), "on_delete": "set_null"})
    amount = orders.fields.get(label="Amount")
    total = {"relation": f"-{link.pk}", "field": str(amount.pk), "function": "sum"}
    total = manager.add_field(customers, "Total", "rollup", settings=total)
    manager.add_field(customers, "Double", "formula", settings={"formula": "{Total} * 2"})
    name = customers.fields.get(label="Name")
    manager.add_field(orders, "Who", "lookup", settings={"relation": str(link.pk), "field": str(name.pk)})
    fill(project)
    return project


def fill(project: Project) -> None:
    customers, orders = Records(table_of(project, "Customers")), Records(table_of(project, "Orders"))
    ada = customers.create({"name": "Ada"})["id"]
    bob = customers.create({"name": "Bob", "friends": [ada]})["id"]
    customers.update(ada, {"friends": [ada, bob]})
    first = orders.create({"amount": "10.50", "customer": ada})["id"]
    orders.create({"amount": "4.50", "customer": ada})
    customers.update(ada, {"best_order": first})
