"""From a checked outline to the tables, fields, views and pages of a project that is still empty."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from nocode.foundation.models import User
from nocode.studio.fields import field_types
from nocode.studio.models import DataTable, Field, GridView, Project
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.operations import AddField, CreateTable
from nocode.studio.transfer.checking import Name, Outline
from nocode.studio.transfer.names import split
from nocode.studio.transfer.pages import make_pages
from nocode.studio.transfer.placing import placed

Tell = Callable[[int, int], None]  # how much is done, of how much; may raise


@dataclass
class Built:
    """What became of the tables and fields of a file, by their keys."""

    tables: dict[str, DataTable]
    fields: dict[Name, Field]

    def of(self, key: str) -> list[Field]:
        """The fields of a table, in their order."""
        return sorted((field for (table, _), field in self.fields.items() if table == key), key=lambda f: f.position)


def build(project: Project, outline: Outline, *, actor: User | None = None, tell: Tell | None = None) -> Built:
    """Make the structure, by operations of the SchemaManager. Raises ImportRefused: roll everything back then."""
    return _Building(project, outline, actor, tell or (lambda done, total: None)).run()


class _Building:
    def __init__(self, project: Project, outline: Outline, actor: User | None, tell: Tell):
        self.project, self.outline, self.tell = project, outline, tell
        self.manager = SchemaManager(project, actor)
        self.built = Built({}, {})
        self.places = {
            (table["key"], field["key"]): (f"tables[{number}].fields[{position}]", position, field)
            for number, table in enumerate(outline.data["tables"])
            for position, field in enumerate(table["fields"])
        }

    def run(self) -> Built:
        steps = len(self.outline.tables) + len(self.outline.late)
        for number, table in enumerate(self.outline.data["tables"]):
            self.tell(number, steps)
            with placed(f"tables[{number}]"):
                self._table(table)
        for number, name in enumerate(self.outline.late, start=len(self.outline.tables)):
            self.tell(number, steps)
            with placed(self.places[name][0]):
                self._late_field(name)
        for number, table in enumerate(self.outline.data["tables"]):
            with placed(f"tables[{number}]"):
                self._finish(table)
        make_pages(self.project, self.outline.data["pages"], self.built.tables)
        return self.built

    def _table(self, table: dict[str, Any]) -> None:
        """The table with the fields that stand by themselves."""
        key = table["key"]
        plain = [each["key"] for each in table["fields"] if (key, each["key"]) not in self.outline.needs]
        fields = [asdict(self._new((key, name))) for name in plain]
        made = self.manager.make(
            CreateTable("", table["label"], table["description"], fields, physical_name=key), table["label"]
        )
        self.built.tables[key] = DataTable.objects.get(pk=made.table)
        for field in self.built.tables[key].fields.all():
            self.built.fields[key, field.physical_name] = field

    def _late_field(self, name: Name) -> None:
        """A field that mentions others, which are there by now."""
        table = self.built.tables[name[0]]
        made = self.manager.make(AddField(str(table.pk), asdict(self._new(name))), table)
        self.built.fields[name] = Field.objects.get(pk=made.new["id"])

    def _new(self, name: Name) -> NewField:
        _place, position, said = self.places[name]
        values = {each: said[each] for each in ("label", "kind", "required", "unique", "default", "help_text")}
        settings = field_types[said["kind"]].renamed(said["settings"], _Made(self.built, name[0]))
        return NewField(**values, settings=settings, physical_name=name[1], position=position)

    def _finish(self, table: dict[str, Any]) -> None:
        made = DataTable.objects.get(pk=self.built.tables[table["key"]].pk)
        if table["display"]:
            made = self.manager.change_table(made, display_name=table["display"])
        for index in table["indexes"]:
            self.manager.add_index(made, index["columns"], index["kind"])
        GridView.objects.bulk_create(
            GridView(table=made, name=view["name"], settings=view["settings"], position=position)
            for position, view in enumerate(table["views"])
        )
        self.built.tables[table["key"]] = DataTable.objects.select_related("project").get(pk=made.pk)


@dataclass(frozen=True)
class _Made:
    """From names to the ids of what was made of them."""

    built: Built
    home: str

    def table(self, name: str) -> str:
        return str(self.built.tables[name].pk)

    def field(self, name: str) -> str:
        return str(self.built.fields[split(name, self.home)].pk)
