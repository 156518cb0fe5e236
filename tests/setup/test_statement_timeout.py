"""How long a statement may take: limited where people wait for a page, and nowhere else."""

import os
import subprocess
import sys

import pytest

from tests.processes import ROOT, database_url

pytestmark = pytest.mark.django_db

WEB, COMMAND = "import nocode.wsgi", "import django; django.setup()"
SHOW = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SHOW statement_timeout")
    print(cursor.fetchone()[0])
"""


def shown_by(start: str, url: str = "", **environment: str) -> str:
    """What a process that starts like this is allowed."""
    names = {"DATABASE_URL": url or database_url(), "DJANGO_SETTINGS_MODULE": "nocode.settings", **environment}
    command = [sys.executable, "-c", f"{start}\n{SHOW}"]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | names, capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


@pytest.mark.parametrize(
    ("start", "environment", "limit"),
    [
        (WEB, {}, "15s"),
        (WEB, {"WEB_STATEMENT_TIMEOUT": "40"}, "40s"),
        (WEB, {"WEB_STATEMENT_TIMEOUT": "0"}, "0"),
        (COMMAND, {}, "0"),
    ],
)
def test_only_web_processes_are_limited(start, environment, limit):
    assert shown_by(start, **environment) == limit


def test_what_the_address_of_the_database_says_wins():
    address = database_url()
    own = ("&" if "?" in address else "?") + "options=-c%20statement_timeout%3D7s"

    assert shown_by(WEB, address + own) == "7s"
