"""`manage.py rotate_keys`: encrypt every stored secret with the first of NOCODE_ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nocode.foundation.services import secrets


class Command(BaseCommand):
    """Put the new key in front of the old one, restart everything, run this, and then take the old key away."""

    help = "Encrypts every stored secret with the first of NOCODE_ENCRYPTION_KEYS. May be stopped and run again."

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = []
        for rotation in secrets.rotate_all():
            label = f"{rotation.model._meta.label}.{rotation.column.name}"
            counts = f"{rotation.rotated} encrypted again, {rotation.current} were already"
            self.stdout.write(f"{label}: {counts}, {len(rotation.unreadable)} unreadable")
            unreadable += [f"{label}: {name}" for name in rotation.unreadable]
        for name in unreadable:
            self.stderr.write(self.style.WARNING(f"Unreadable, to be entered again: {name}"))
        newer = secrets.left_behind() - len(unreadable)
        if newer > 0:
            raise CommandError(
                f"{newer} secrets were saved meanwhile with another key. Restart every process with the new keys, "
                "then run this again before you take the old key away."
            )
        if unreadable:
            raise CommandError(f"{len(unreadable)} secrets cannot be read with any of the keys.")
        self.stdout.write(self.style.SUCCESS("Every secret is encrypted with the first key."))
