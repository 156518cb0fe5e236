"""Packages on first use: what is decided before pip runs, and what is said when it cannot."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from nocode.setup import bootstrap
from nocode.setup.errors import SetupError

ROOT = Path(__file__).parents[2]


def test_this_environment_has_every_pin():
    assert bootstrap.unsatisfied(ROOT / "requirements.txt") == []
    assert bootstrap.unsatisfied(ROOT / "tests" / "requirements.txt") == []


def test_other_versions_and_missing_packages_are_named(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("django==1.0 \\\n    --hash=sha256:0\nno-such-thing==2\ncolorama==0 ; sys_platform == 'win32'\n")

    assert bootstrap.unsatisfied(file) == ["django==1.0", "no-such-thing==2"]


def test_every_pin_has_a_hash_and_no_file_names_a_registry():
    for file in (ROOT / "requirements.txt", ROOT / "tests" / "requirements.txt"):
        pins = file.read_text().replace("\\\n", " ").splitlines()

        assert [pin for pin in pins if "--hash=sha256:" not in pin] == []
        assert "://" not in file.read_text()


def test_a_folder_that_cannot_hold_the_environment_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NOCODE_VENV", str(tmp_path / "file" / "venv"))
    monkeypatch.delenv("NOCODE_BOOTSTRAP", raising=False)
    (tmp_path / "requirements.txt").write_text("no-such-thing==2\n")

    with pytest.raises(SetupError, match="Set NOCODE_VENV"):
        bootstrap.provide([tmp_path / "requirements.txt"], root=tmp_path)


def test_packages_that_cannot_be_had_are_told(tmp_path):
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("no-such-thing==2 --hash=sha256:" + "0" * 64 + "\n")
    script = f"""
from pathlib import Path
from nocode.setup import bootstrap, errors
try:
    bootstrap.provide([Path({str(wanted)!r})], root=Path({str(tmp_path)!r}))
except errors.SetupError as problem:
    print(problem)
"""
    answer = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PIP_NO_INDEX": "1", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "The packages could not be installed" in answer.stdout
    assert "no-such-thing==2" in answer.stdout
    assert "HTTPS_PROXY" in answer.stdout


def test_an_old_python_reads_manage_py_as_far_as_its_message():
    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 7))
