"""`check_structure`: where the database differs from what projects say; ends with 1 when it does anywhere."""

import sys

from django.core.management.base import BaseCommand, CommandError

from nocode.foundation.ids import uuid_or_none
from nocode.studio.models import Project
from nocode.studio.schema import drift


class Command(BaseCommand):
    """For a monitor, or after work on the database by other means; the console repairs what is found."""

    help = "Compare projects with the database, print the differences, and exit with 1 when there are any."

    def add_arguments(self, parser) -> None:
        parser.add_argument("project", nargs="?", help="name or id of one project (default: all)")

    def handle(self, *, project: str | None, **options) -> None:
        count = 0
        for each in _projects(project):
            for finding in drift.findings(each):
                count += 1
                name = f"{each.name} · {finding.table.label}" if finding.table else each.name
                self.stdout.write(f"{name}: {finding.sentence}")
        differences = "1 difference." if count == 1 else f"{count} differences."
        self.stdout.write(differences if count else "Everything fits.")
        if count:
            sys.exit(1)


def _projects(said: str | None) -> list[Project]:
    if said is None:
        return list(Project.objects.order_by("name"))
    found = Project.objects.filter(pk=said) if uuid_or_none(said) else Project.objects.filter(name=said)
    if not found:
        raise CommandError(f"There is no project {said}.")
    return list(found)
