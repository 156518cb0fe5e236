"""`manage.py export_execution_logs`: an execution with its steps and log, as JSON."""

import os
from pathlib import Path
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from nocode.automation.engine import exports
from nocode.automation.models import WorkflowExecution


class Command(BaseCommand):
    """Writes the file people download on the page of an execution. A file is complete or not there."""

    help = "Write an execution with its steps and log as JSON, to standard output or to a file."

    def add_arguments(self, parser) -> None:
        parser.add_argument("execution_id", type=UUID, help="the id on the page of the execution")
        parser.add_argument("--output", type=Path, help="file to write; standard output when it is missing")

    def handle(self, *, execution_id: UUID, output: Path | None, **options) -> None:
        rows = WorkflowExecution.objects.without_values()
        execution = rows.filter(pk=execution_id).first()
        if execution is None:
            raise CommandError(f"There is no execution {execution_id}.")
        if output is None:
            for piece in exports.pieces(execution):
                self.stdout.write(piece, ending="")
            return
        try:
            self._write(execution, output)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error

    @staticmethod
    def _write(execution: WorkflowExecution, output: Path) -> None:
        begun = output.with_name(f"{output.name}.{os.getpid()}.part")
        try:
            with begun.open("w", encoding="utf-8") as file:
                file.writelines(exports.pieces(execution))
            begun.replace(output)
        finally:
            begun.unlink(missing_ok=True)
