"""What `manage.py` does: make sure of the packages, then hand over to Django."""

import os
import sys
from pathlib import Path

from nocode.setup import bootstrap
from nocode.setup.errors import SetupError

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run one command. Problems with the set-up are told in a sentence, without a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nocode.settings")
    requirements = [ROOT / "requirements.txt"]
    if sys.argv[1:2] == ["test"]:
        requirements.append(ROOT / "tests" / "requirements.txt")
    try:
        bootstrap.provide(requirements, root=ROOT)
        _django()
    except SetupError as problem:
        sys.exit(f"\nError: {problem}")


def _django() -> None:
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.INSTALLED_APPS  # noqa: B018 — Django would report a refused setting as "unknown command"
    except ImproperlyConfigured as problem:
        raise SetupError(str(problem)) from problem
    execute_from_command_line(sys.argv)
