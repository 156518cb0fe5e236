"""`manage.py export_workflow`: the file of a workflow."""

from pathlib import Path
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from nocode.automation.models import Workflow
from nocode.automation.transfer import writing


class Command(BaseCommand):
    """Writes the file that people download on the page of the workflow."""

    help = "Write the draft of a workflow as JSON, to standard output or to a file."

    def add_arguments(self, parser) -> None:
        parser.add_argument("workflow_id", type=UUID, help="the id in the address of its page")
        parser.add_argument("--output", type=Path, help="file to write; standard output when it is missing")

    def handle(self, *, workflow_id: UUID, output: Path | None, **options) -> None:
        workflow = Workflow.objects.select_related("organization").filter(pk=workflow_id).first()
        if workflow is None:
            raise CommandError(f"There is no workflow {workflow_id}.")
        content = writing.dump(workflow)
        if output is None:
            self.stdout.write(content.decode(), ending="")
            return
        try:
            output.write_bytes(content)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
