"""`introspect`: take over a schema of the database into a project, or look at what would become of it."""

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from nocode.foundation.errors import NoCodeError
from nocode.foundation.ids import uuid_or_none
from nocode.foundation.models import Organization
from nocode.studio.introspection import schemas
from nocode.studio.introspection.plan import Plan
from nocode.studio.introspection.planning import plan
from nocode.studio.jobs.takeovers import take_over
from nocode.studio.models import Project
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.services import projects


class Command(BaseCommand):
    """Does at once what the console does in a job; the schema itself stays as it is."""

    help = (
        "Take over the tables of a schema, with their rows, into a project. Without --project or --organization only "
        "the plan is shown; without a schema the schemas to choose from are listed."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("schema", nargs="?", help="the schema to read")
        parser.add_argument("--project", help="name or id of the project the tables go to")
        parser.add_argument("--organization", help="make a new project in the organization of this name")
        parser.add_argument("--name", help="name of the new project (default: the schema's)")

    def handle(self, *, schema: str | None, **options) -> None:
        try:
            if schema is None:
                self._list()
            elif options["project"] or options["organization"]:
                self._take_over(schema, **options)
            else:
                self._show(plan(schema))
        except NoCodeError as refusal:
            raise CommandError(refusal.message) from refusal

    def _list(self) -> None:
        for offer in schemas.offered():
            self.stdout.write(f"{offer.name} ({offer.tables} tables)")

    def _show(self, found: Plan) -> None:
        for table in found.tables:
            self.stdout.write(f"{table.source.name} → {table.label}: {table.rows} rows")
            for field in table.fields:
                self.stdout.write(f"    {field.column.name} → {field.label} ({field.kind})")
        for link in found.links:
            self.stdout.write(f"{link.source.name} → {link.owner.label}: {link.label} (relations), {link.rows} rows")
        self._tell([[*each] for each in found.remarks()])

    @transaction.atomic
    def _take_over(self, schema: str, *, project: str | None, organization: str | None, name: str | None, **_) -> None:
        found = _project(project) if project else _new_project(organization, name or schema)
        done = take_over(schema, SchemaManager(found), _nothing, _nothing)
        self.stdout.write(f"{done['tables']} tables and {done['rows']} rows are in the project “{found.name}” now.")
        self._tell(done["remarks"])

    def _tell(self, remarks: list[list]) -> None:
        for name, left_out, notes in remarks:
            self.stdout.write(f"\n{name}")
            for line in left_out:
                self.stdout.write(f"  left out: {line}")
            for line in notes:
                self.stdout.write(f"  different: {line}")


def _project(said: str) -> Project:
    """A project by its id or, if no other has it, by its name."""
    found = Project.objects.filter(pk=said) if uuid_or_none(said) else Project.objects.filter(name=said)
    if len(found) != 1:
        why = f"Several projects are named {said}: give the id." if found else f"There is no project {said}."
        raise CommandError(why)
    return found[0]


def _new_project(organization: str, name: str) -> Project:
    found = Organization.objects.filter(name=organization).order_by("pk").first()
    if found is None:
        raise CommandError(f"There is no organization {organization}.")
    return projects.create_project(found, name)


def _nothing(*_: object) -> None:
    """Nobody watches how far a command is."""
