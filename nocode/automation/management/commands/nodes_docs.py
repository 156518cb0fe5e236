"""Writes the reference of the step types."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from nocode.automation.nodes import reference


class Command(BaseCommand):
    help = "Write docs/nodes.md, the reference of the step types, from their classes."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file again."""
        path = settings.BASE_DIR / "docs" / "nodes.md"
        path.write_text(reference.document(), encoding="utf-8")
        self.stdout.write(self.style.SUCCESS(f"{path} is written."))
