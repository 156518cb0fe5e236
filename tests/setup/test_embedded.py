"""The embedded database: roles, promises, and what it says when it cannot start."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from django.db import connection

from nocode.setup.embedded import account
from nocode.setup.embedded.client import Client
from nocode.setup.errors import SetupError


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A running server of our own: (client, how to connect)."""
    mine = Client(tmp_path_factory.mktemp("embedded"), durable=False)
    yield mine, mine.ensure()
    mine.release()


def ask(running: dict, statement: str) -> tuple:
    link = psycopg2.connect(**{key: running[key] for key in ("host", "port", "user", "password", "dbname")})
    with closing(link), link.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def test_the_application_role_is_ordinary(server):
    _, running = server

    assert ask(
        running,
        "SELECT current_user::text, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user",
    ) == (
        "nocode",
        False,
        True,
        False,
    )


def test_extensions_and_unicode_are_there(server):
    _, running = server

    assert ask(running, "SELECT upper(unaccent('é')), similarity('abc', 'abc') = 1, upper('é')") == ("E", True, "É")


def test_a_password_is_needed(server):
    _, running = server

    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        ask(running | {"password": "guess"}, "SELECT 1")


def test_files_are_private(server):
    mine, running = server

    assert [os.stat(path).st_mode & 0o077 for path in (running["host"], running["data"], mine.layout.running)] == [
        0,
        0,
        0,
    ]


def test_two_clients_share_one_server_and_the_last_one_ends_it(tmp_path):
    first, second = Client(tmp_path, durable=False), Client(tmp_path, durable=False)
    with ThreadPoolExecutor() as pool:
        keepers = {running["keeper"] for running in pool.map(Client.ensure, (first, second))}
    first.release()
    still = ask(second.ensure(), "SELECT 1")
    second.release()

    assert len(keepers) == 1
    assert still == (1,)
    assert not second.layout.running.exists()


def test_data_of_another_major_version_is_refused(tmp_path):
    mine = Client(tmp_path, durable=False)
    data = mine.ensure()["data"]
    mine.release()
    with open(f"{data}/PG_VERSION", "w") as version:
        version.write("13\n")

    with pytest.raises(SetupError, match="was made by PostgreSQL 13.*\n.*NOCODE_PG_BIN"):
        mine.ensure()


def test_a_pid_file_with_a_reused_number_does_not_block(tmp_path):
    mine = Client(tmp_path, durable=False)
    data = mine.ensure()["data"]
    mine.release()
    with open(f"{data}/postmaster.pid", "w") as pid:
        pid.write(f"{os.getpid()}\n{data}\n1\n5432\n\n\n\n\n")

    assert ask(mine.ensure(), "SELECT 1") == (1,)
    mine.release()


def test_a_path_longer_than_a_socket_may_be(tmp_path):
    mine = Client(tmp_path / ("long" * 30), durable=False)
    running = mine.ensure()

    assert ask(running, "SELECT 1") == (1,)
    mine.release()
    assert not os.path.exists(running["host"])


def test_wrong_programs_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("NOCODE_PG_BIN", str(tmp_path))

    with pytest.raises(SetupError, match="NOCODE_PG_BIN is"):
        Client(tmp_path, durable=False).ensure()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_namespaces_becomes_an_ordinary_account(monkeypatch):
    def forbidden(name: str, *arguments: int) -> None:
        raise PermissionError(name)

    monkeypatch.setattr(account, "_libc_call", forbidden)

    assert account.choose().uid


@pytest.mark.django_db
def test_the_privileged_cursor_is_a_superuser_of_the_same_database():
    if "EMBEDDED" not in connection.settings_dict:
        with connection.superuser() as cursor:
            assert cursor is None
        return
    with connection.superuser() as cursor:
        cursor.execute("SELECT current_database(), rolsuper FROM pg_roles WHERE rolname = current_user")

        assert cursor.fetchone() == (connection.settings_dict["NAME"], True)
