"""All about one execution as a file: its shape, its size, who gets it, and when it is gone."""

import json
import tracemalloc
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from nocode.automation.engine import exports
from nocode.automation.models import ExecutionExport, ExecutionLog, WorkflowExecution
from nocode.automation.services import executions
from nocode.automation.tasks import execute_workflow_async, export_workflow_execution_logs
from nocode.foundation.models import QueuedTask
from nocode.foundation.tasks.retention import forget_old_rows
from tests.automation.screens import Office, make_office
from tests.factories import make_published, set_values

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> Office:
    return make_office()


@pytest.fixture
def execution(office) -> WorkflowExecution:
    return office.finished(input={"x": 41})


def add_lines(execution: WorkflowExecution, count: int, details: dict | None = None) -> None:
    now = timezone.now()
    ExecutionLog.objects.bulk_create(
        [
            ExecutionLog(execution=execution, at=now, node_key="first", message=f"line {number}", details=details)
            for number in range(count)
        ],
        batch_size=5000,
    )


def download(client, execution: WorkflowExecution, name: str = "execution_download"):
    return client.get(reverse(f"admin:{name}", args=[execution.pk]))


def test_the_file_has_the_promised_shape(office, execution):
    ExecutionLog.objects.create(
        execution=execution, at=timezone.now(), level="warning", node_key="second", message="Héllo", details={"a": [1]}
    )

    answer = download(office.client("viewer"), execution)
    data = json.loads(b"".join(answer))

    assert answer.streaming
    assert answer["Content-Disposition"] == f'attachment; filename="{execution.pk}.json"'
    assert list(data) == [
        "execution_id", "workflow_name", "status", "started_at", "completed_at", "duration", "steps", "logs"
    ]  # fmt: skip
    assert (data["execution_id"], data["workflow_name"]) == (str(execution.pk), execution.workflow_name)
    assert (data["status"], data["duration"]) == ("completed", execution.duration)
    assert abs(datetime.fromisoformat(data["completed_at"]) - execution.completed_at) < timedelta(milliseconds=1)
    assert [(step["step_id"], step["status"], step["output"]) for step in data["steps"]] == [
        ("first", "completed", {"x": 41}), ("second", "completed", {"y": 42})
    ]  # fmt: skip
    line = data["logs"][-1]
    assert list(line) == ["timestamp", "level", "step_id", "message", "details"]
    assert (line["level"], line["step_id"], line["message"], line["details"]) == (
        "warning",
        "second",
        "Héllo",
        {"a": [1]},
    )


def test_an_execution_that_has_not_begun_is_a_valid_file():
    execution = executions.start(make_published(("a", "set", set_values(x="1"))))

    data = json.loads("".join(exports.pieces(execution)))

    assert (data["status"], data["duration"], data["steps"], data["logs"]) == ("pending", None, [], [])


@pytest.mark.django_db(transaction=True)
def test_a_long_log_is_read_and_sent_in_pieces(execution):
    add_lines(execution, 100_000, {"text": "x" * 100})
    size = lines = 0

    tracemalloc.start()
    with CaptureQueriesContext(connection) as queries:
        for piece in exports.pieces(execution):
            size += len(piece)
            lines += piece.count('"message": "line ')
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert lines == 100_000
    assert size > 20_000_000
    assert peak < 3_000_000
    assert len(queries) <= 2


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("viewer", 200), ("stranger", 404)])
@pytest.mark.parametrize("name", ["execution_download", "execution_export_file"])
def test_who_gets_the_file(office, execution, name, who, status):
    export_workflow_execution_logs(str(execution.pk))

    assert download(office.client(who), execution, name).status_code == status


@pytest.mark.parametrize(("who", "status", "queued"), [("owner", 302, 1), ("viewer", 302, 1), ("stranger", 404, 0)])
def test_who_may_have_a_file_made(office, execution, who, status, queued):
    QueuedTask.objects.all().delete()

    answer = office.client(who).post(reverse("admin:execution_export", args=[execution.pk]))

    assert answer.status_code == status
    assert QueuedTask.objects.filter(name=export_workflow_execution_logs.path).count() == queued
    assert ExecutionExport.objects.count() == queued


def test_the_file_of_the_background_is_the_same_and_is_made_once(office, execution):
    add_lines(execution, 3000)
    client = office.client("owner")
    client.post(reverse("admin:execution_export", args=[execution.pk]))
    page = client.get(reverse("admin:execution_detail", args=[execution.pk]))
    assert "is being made" in page.content.decode()
    assert download(client, execution, "execution_export_file").status_code == 404

    export_workflow_execution_logs(str(execution.pk))
    made_at = ExecutionExport.objects.values_list("made_at", flat=True).get()
    export_workflow_execution_logs(str(execution.pk))

    direct = b"".join(download(client, execution))
    stored = b"".join(download(client, execution, "execution_export_file"))
    assert stored == direct
    export = ExecutionExport.objects.get()
    assert (export.made_at, export.size) == (made_at, len(direct))
    assert "export-file" in client.get(reverse("admin:execution_detail", args=[execution.pk])).content.decode()


def test_a_stored_file_is_read_in_pieces(execution, monkeypatch):
    add_lines(execution, 500)
    export_workflow_execution_logs(str(execution.pk))
    monkeypatch.setattr(exports, "PIECE", 1000)

    text = b"".join(exports.stored_pieces(ExecutionExport.objects.defer("content").get()))

    assert len(json.loads(text)["logs"]) >= 500


def test_what_has_gone_on_since_is_in_the_next_file(execution):
    export_workflow_execution_logs(str(execution.pk))
    add_lines(execution, 1)
    execution.save()

    export_workflow_execution_logs(str(execution.pk))

    assert b"line 0" in b"".join(exports.stored_pieces(ExecutionExport.objects.get()))


def test_a_file_that_would_be_too_large_says_so(office, execution, monkeypatch):
    monkeypatch.setattr(exports, "LARGEST", 10)
    executions.request_export(execution, office.owner)

    export_workflow_execution_logs(str(execution.pk))

    page = office.client("owner").get(reverse("admin:execution_detail", args=[execution.pk])).content.decode()
    assert "The file would be larger than 10" in page
    assert "being made" not in page


def test_a_file_expires(office, execution):
    export_workflow_execution_logs(str(execution.pk))
    ExecutionExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert download(office.client("owner"), execution, "execution_export_file").status_code == 404
    assert forget_old_rows()["automation.ExecutionExport"] == 1
    assert not ExecutionExport.objects.exists()


def test_the_command_writes_the_same_file(execution, tmp_path, capsys):
    path = tmp_path / "run.json"

    call_command("export_execution_logs", str(execution.pk), output=path)
    call_command("export_execution_logs", str(execution.pk))

    expected = "".join(exports.pieces(execution))
    assert path.read_text() == expected
    assert capsys.readouterr().out == expected
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("execution_id", "says"), [("00000000-0000-4000-8000-000000000000", "There is no execution"), ("x", "invalid UUID")]
)
def test_the_command_says_what_is_wrong(execution_id, says):
    with pytest.raises(CommandError, match=says):
        call_command("export_execution_logs", execution_id)


def test_the_command_says_that_a_file_cannot_be_written(execution, tmp_path):
    with pytest.raises(CommandError, match="cannot be written: No such file"):
        call_command("export_execution_logs", str(execution.pk), output=tmp_path / "no" / "run.json")


def test_a_failed_execution_tells_its_error_and_not_its_secrets(office):
    execution = office.finished(office.workflow(("boom", "set", set_values(x="{{ nothing.at.all }}"))))
    execute_workflow_async(str(execution.pk))

    data = json.loads("".join(exports.pieces(execution)))

    assert data["status"] == "failed"
    assert "nothing" in data["steps"][0]["error"]
