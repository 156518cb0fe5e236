"""What our connections ask of PostgreSQL: a limit where people wait for a page, and nothing compiled for one page."""

import os
import subprocess
import sys
from urllib.parse import quote

import pytest

from tests.processes import ROOT, database_url

pytestmark = pytest.mark.django_db

WEB, COMMAND = "import nocode.wsgi", "import django; django.setup()"
SHOW = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SHOW {}")
    print(cursor.fetchone()[0])
"""


def shown_by(start: str, url: str = "", setting: str = "statement_timeout", **environment: str) -> str:
    """What a setting is for a process that starts like this."""
    names = {"DATABASE_URL": url or database_url(), "DJANGO_SETTINGS_MODULE": "nocode.settings", **environment}
    command = [sys.executable, "-c", f"{start}\n{SHOW.format(setting)}"]
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


def with_options(options: str) -> str:
    """The address of the database with options of its own."""
    address = database_url()
    return f"{address}{'&' if '?' in address else '?'}options={quote(options)}"


def test_what_the_address_of_the_database_says_wins():
    assert shown_by(WEB, with_options("-c statement_timeout=7s")) == "7s"


@pytest.mark.parametrize("start", [WEB, COMMAND])
def test_statements_are_not_compiled_whatever_else_the_address_says(start):
    assert shown_by(start, setting="jit") == "off"
    assert shown_by(start, with_options("-c lock_timeout=7s"), setting="jit") == "off"
    assert shown_by(start, with_options("-c lock_timeout=7s"), setting="lock_timeout") == "7s"


def test_who_wants_statements_compiled_says_so_in_the_address():
    assert shown_by(WEB, with_options("-c jit=on"), setting="jit") == "on"
