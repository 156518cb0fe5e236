"""`manage.py up` as people and accidents treat it."""

import json
import os
import signal
import socket
import stat
from contextlib import closing

import pytest

from tests.fixtures.stack import eventually


def test_up_serves_and_stops_without_leaving_anything(new_stack):
    stack = new_stack("--no-demo").start()

    assert stack.get("/healthz") == (200, b"ok\n")
    assert json.loads(stack.get("/readyz")[1])["ready"] is True
    eventually(lambda: "Ctrl-C ends it" in stack.output)
    assert "/apps/" not in stack.output
    assert f"NoCode is ready: {stack.url}/admin/" in stack.output
    email, password = (stack.home / "login.txt").read_text().split()
    assert f"{email} / {password}" in stack.output
    assert stat.S_IMODE((stack.home / "login.txt").stat().st_mode) == 0o600

    assert stack.stop(signal.SIGINT) == 0
    assert stack.processes() == []


def test_the_first_start_loads_a_demo_whose_application_goes_online(new_stack):
    stack = new_stack().start()

    eventually(lambda: "Ctrl-C ends it" in stack.output)
    assert f"The demo's app:  {stack.url}/apps/order-desk/" in stack.output
    assert "Created Node" not in stack.output  # what a command makes in one go is no news
    eventually(lambda: stack.rows("SELECT status FROM runtime_deployment") == [("deployed",)])
    assert stack.stop() == 0


def test_up_refuses_to_run_twice(stack):
    second = stack.manage("up")

    assert second.returncode == 1
    assert f"NoCode is already running at {stack.url}/admin/ (process {stack.process.pid})" in second.stderr
    assert f"The first login is kept in {stack.home}/login.txt" in second.stderr


def test_doctor_says_where_it_runs(stack):
    assert f"NoCode runs at {stack.url}/admin/" in stack.manage("doctor").stdout


def test_idle_it_needs_less_than_600_megabytes(stack):
    stack.get("/admin/login/")

    assert 100 < stack.memory() < 600


def test_two_first_starts_at_once_leave_one(new_stack):
    stack = new_stack("--no-demo").start(wait=False)
    first, second = stack.process, stack.start(wait=False).process

    ended = eventually(lambda: next((process for process in (first, second) if process.poll() is not None), None))
    stack.process = second if ended is first else first
    stack.wait_ready()

    assert ended.returncode == 1
    assert "NoCode is already" in stack.output
    assert stack.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("victim", ["gunicorn", "qcluster", "bin/postgres", r"embedded\.keeper"])
def test_up_survives_the_death_of_a_process(stack, victim):
    before = stack.processes(victim)
    stack.kill(victim)

    eventually(lambda: set(stack.processes(victim)) - set(before), what=f"a new {victim}")
    stack.wait_ready()

    assert stack.process.poll() is None


def test_killing_up_ends_everything_and_loses_nothing(new_stack):
    stack = new_stack("--no-demo").start()
    with closing(stack.connect()) as link, link, link.cursor() as cursor:
        cursor.execute("CREATE TABLE promise AS SELECT 42 AS answer")
    stack.process.kill()
    stack.process.wait()

    eventually(lambda: stack.processes() == [], within=20, what="no process left")
    stack.start()

    assert stack.rows("SELECT answer FROM promise") == [(42,)]
    assert stack.stop() == 0


def test_a_taken_port_is_told(new_stack):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = new_stack().manage("up", "--port", str(port))

    assert answer.returncode == 1
    assert f"Port {port} is in use. Choose another one, for example --port {port + 1}." in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_unreachable_database_is_told(new_stack):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = new_stack(DATABASE_URL=f"postgres://somebody:secret@127.0.0.1:{port}/nowhere").manage("up", "--port", "0")

    assert answer.returncode == 1
    assert f"No connection to the database nowhere at 127.0.0.1:{port}" in answer.stderr
    assert "Check DATABASE_URL" in answer.stderr
    assert "secret" not in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("address", ["mysql://localhost/x", "postgres://localhost", "postgres://localhost:port/x"])
def test_a_malformed_database_address_is_told(new_stack, address):
    answer = new_stack(DATABASE_URL=address).manage("up")

    assert answer.returncode == 1
    assert "DATABASE_URL" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_home_that_cannot_be_written_is_told(new_stack, tmp_path):
    (tmp_path / "file").touch()  # a file in the way stops root too, whom permissions do not
    stack = new_stack()
    stack.environment["NOCODE_HOME"] = os.fspath(tmp_path / "file" / "home")
    answer = stack.manage("up")

    assert answer.returncode == 1
    assert "Set NOCODE_HOME" in answer.stderr
    assert "Traceback" not in answer.stderr
