"""docs/seed.md says where each thing that was asked for is, and what tests it: every pointer must lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# | what was asked for | `file::name`, … | `tests/file::test_name`, … |
ROW = re.compile(r"^\| (?P<asked>[^|]+) \| (?P<code>[^|]+) \| (?P<tests>[^|]+) \|$")
POINTER = re.compile(r"`([\w./-]+)(?:::([\w.]+))?`")


def rows() -> list[tuple[str, str, str]]:
    """(what, pointers to code, pointers to tests) of every row under a heading row."""
    found = [ROW.match(line) for line in (ROOT / "docs/seed.md").read_text().splitlines()]
    cells = [tuple(cell.strip() for cell in match.groups()) for match in found if match]
    return [row for row in cells if row[0] != "Asked for" and set(row[0]) != {"-"}]


def missing(pointers: str) -> list[str]:
    """Those that lead nowhere; a name is looked for as a function, a class, a test or an assignment."""
    return [f"{path}::{name}" for path, name in POINTER.findall(pointers) if not leads_somewhere(ROOT / path, name)]


def leads_somewhere(path: Path, name: str) -> bool:
    if not name or not path.is_file():
        return path.exists() and not name
    defined = rf"^\s*(?:(?:async )?def|class) {re.escape(name)}\b|^{re.escape(name)} *[:=]|FUNCTION {re.escape(name)}\b"
    return re.search(defined, path.read_text(), re.MULTILINE) is not None


def test_every_part_of_the_document_has_rows():
    headings = re.findall(r"^## (\w+)", (ROOT / "docs/seed.md").read_text(), re.MULTILINE)

    assert headings == ["Foundation", "Automation", "Studio", "Runtime", "Insights", "Whole"]
    assert len(rows()) >= 40


@pytest.mark.parametrize(("asked", "code", "tests"), [pytest.param(*row, id=row[0][:60]) for row in rows()])
def test_a_row_points_to_code_and_to_a_test(asked, code, tests):
    assert POINTER.search(code)
    assert POINTER.search(tests)
    assert missing(code) == []
    assert missing(tests) == []
    assert all(path.startswith("tests/") for path, _name in POINTER.findall(tests))


@pytest.mark.parametrize(
    "pointer",
    [
        "`nocode/nowhere.py`",
        "`nocode/automation/tasks.py::no_such_task`",
        "`nocode/nowhere.py::execute_workflow_async`",
    ],
)
def test_a_pointer_to_nothing_is_found(pointer):
    assert len(missing(pointer)) == 1
