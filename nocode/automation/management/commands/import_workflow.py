"""`manage.py import_workflow`: a draft made of a workflow file, of ours or of n8n."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from nocode.automation import arrivals
from nocode.automation.transfer.remarks import Verdict
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import Organization


class Command(BaseCommand):
    """Makes the draft that the import page would make, and prints what its report says of steps that differ."""

    help = "Make a draft of a workflow file, one of NoCode or of n8n."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--organization", required=True, help="its short name (slug)")
        parser.add_argument("--project", help="the name of the project whose tables the steps use")
        parser.add_argument("--name", default="", help="what to call it; the name in the file when it is missing")
        parser.add_argument("--make-tables", action="store_true", help="make tables that the project does not have")

    def handle(self, *, file: Path, organization: str, project: str | None, name: str, **options) -> None:
        owner = Organization.objects.filter(slug=organization).first()
        if owner is None:
            raise CommandError(f"There is no organization “{organization}”.")
        home = owner.projects.filter(name=project).first() if project else None
        if project and home is None:
            raise CommandError(f"The organization has no project “{project}”.")
        try:
            content = file.read_bytes()
            made = arrivals.receive(content, owner, project=home, make_tables=options["make_tables"], name=name)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except NoCodeError as refusal:
            raise CommandError(refusal.message) from refusal
        for each in made.origin.remarks:
            if each["verdict"] != Verdict.SAME:
                self.stdout.write(f"{each['verdict']}: {each['label']} ({each['kind']}): {each['message']}")
        self.stdout.write(self.style.SUCCESS(f"“{made.name}” is a draft now: {made.pk}"))
