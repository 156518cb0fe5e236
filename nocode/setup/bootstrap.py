"""Put the pinned packages into `.venv` on first use, and continue the command inside it. Standard library only.

`NOCODE_VENV` moves the environment, `NOCODE_BOOTSTRAP=0` leaves packages to whoever set it. An interpreter that already
has the pinned packages (a container image, somebody's own environment) is used as it is.
"""

import contextlib
import fcntl
import hashlib
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from nocode.setup.errors import SetupError

PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(;)?", re.MULTILINE)


def provide(requirements: list[Path], *, root: Path) -> None:
    """Return inside an interpreter that has the packages: this one, or `.venv`'s by starting over in it."""
    if os.environ.get("NOCODE_BOOTSTRAP") == "0":
        return
    venv = Path(os.environ.get("NOCODE_VENV") or root / ".venv").absolute()
    inside = os.path.realpath(sys.prefix) == os.path.realpath(venv)
    if not inside and not any(unsatisfied(file) for file in requirements):
        return
    _prepare(venv, requirements)
    os.environ["NOCODE_BOOTSTRAP"] = "0"  # children, and ourselves after the exec, need not look again
    if inside:
        importlib.invalidate_caches()
    else:
        sys.stdout.flush()
        python = str(_python(venv))
        os.execv(python, [python, *sys.argv])


def unsatisfied(requirements: Path) -> list[str]:
    """The pins, conditional ones aside, that this interpreter does not have."""
    pins = [(name, version) for name, version, condition in PIN.findall(requirements.read_text()) if not condition]
    return [f"{name}=={version}" for name, version in pins if _installed(name) != version]


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _prepare(venv: Path, requirements: list[Path]) -> None:
    missing = [file for file in requirements if not _stamped(venv, file)]
    if not missing:
        return
    with _writing(venv), _alone(venv):
        if not _works(venv):
            print(f"Creating {venv}", flush=True)
            _create(venv)
        for file in missing:
            if not _stamped(venv, file):  # another first run may have done it while we waited
                _install(venv, file)
                _stamp(venv, file).write_text(_fingerprint(venv, file))


@contextlib.contextmanager
def _writing(venv: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise SetupError(
            f"Cannot write {venv}: {problem.strerror or problem}.\n"
            "Its packages go there (about 150 MB). Set NOCODE_VENV to a folder you may write to."
        ) from problem


@contextlib.contextmanager
def _alone(venv: Path) -> Iterator[None]:
    """Two first runs at once: the second waits, then finds the work done."""
    venv.mkdir(parents=True, exist_ok=True)
    with (venv / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another command that installs the packages…", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _python(venv: Path) -> Path:
    return venv / "bin" / "python"


def _works(venv: Path) -> bool:
    """Whether the environment runs, with the Python that made it (not after an upgrade of the system's)."""
    probe = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([_python(venv), "-c", probe], capture_output=True, text=True, check=False)
    except OSError:
        return False
    version = answer.stdout.strip()
    return answer.returncode == 0 and (venv / "lib" / f"python{version}" / "site-packages").is_dir()


def _create(venv: Path) -> None:
    for entry in venv.iterdir():
        if entry.name != ".lock":
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    options = [] if importlib.util.find_spec("ensurepip") else ["--without-pip"]
    made = subprocess.run([_base_python(), "-m", "venv", *options, venv], capture_output=True, text=True, check=False)
    if made.returncode:
        raise SetupError(
            f"Python could not create {venv}:\n{_tail(made.stdout + made.stderr)}\n"
            "On Debian and Ubuntu: apt install python3-venv"
        )


def _base_python() -> str:
    return getattr(sys, "_base_executable", None) or sys.executable


def _pip(venv: Path) -> list[str]:
    """The command that installs into the environment: its own pip, else the machine's."""
    if next(venv.glob("lib/python*/site-packages/pip"), None):
        return [str(_python(venv)), "-m", "pip"]
    if subprocess.run([_base_python(), "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        raise SetupError(
            "This Python has neither `venv` with pip nor pip itself.\nOn Debian and Ubuntu: apt install python3-venv"
        )
    return [_base_python(), "-m", "pip", "--python", str(_python(venv))]


def _install(venv: Path, requirements: Path) -> None:
    print(f"Installing the packages of {requirements.name} (once)…", flush=True)
    command = [*_pip(venv), "install", "--quiet", "--no-input", "--disable-pip-version-check", "--only-binary", ":all:"]
    done = subprocess.run(
        [*command, "--requirement", requirements],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetupError(
            f"The packages could not be installed:\n{_tail(done.stdout)}\n"
            "Check the network and the disk, then run the command again. Behind a proxy set HTTPS_PROXY;\n"
            "with a mirror set PIP_INDEX_URL. Ready-made packages exist for Linux (x86-64, ARM64) and macOS."
        )


def _tail(text: str, lines: int = 8) -> str:
    return "\n".join("  " + line for line in text.strip().splitlines()[-lines:])


def _stamp(venv: Path, requirements: Path) -> Path:
    return venv / f".installed-{requirements.parent.name}-{requirements.name}"


def _stamped(venv: Path, requirements: Path) -> bool:
    try:
        return _stamp(venv, requirements).read_text() == _fingerprint(venv, requirements) and _python(venv).exists()
    except OSError:
        return False


def _fingerprint(venv: Path, requirements: Path) -> str:
    """Changes with the file's content, and with the Python the environment points at."""
    content = hashlib.sha256(requirements.read_bytes()).hexdigest()
    return f"{content} {os.path.realpath(_python(venv))}"
