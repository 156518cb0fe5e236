"""`manage.py test`: the whole suite, on a database server of its own."""

import os
import sys

from django.conf import settings
from django.core.management.base import BaseCommand

from nocode.setup import browser

# Without arguments everything is run, by as many processes as there are processors; who is done helps the others.
WHOLE_SUITE = ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"]


class Command(BaseCommand):
    """Runs pytest in place of Django's own runner; what follows `test` goes to pytest."""

    help = "Run the tests with pytest. Everything after `test` is handed to it: paths, -k, -x, -n 2 and so on."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Leave the arguments to pytest instead of reading them."""
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        chromium = browser.provide()
        if chromium:
            os.environ["CHROMIUM"] = chromium
        else:
            print("No Chromium on this machine: the browser tests are skipped. Set CHROMIUM to its path to run them.")
        os.chdir(settings.BASE_DIR)
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *(argv[2:] or WHOLE_SUITE)])  # noqa: S606
