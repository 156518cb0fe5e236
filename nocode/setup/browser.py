"""The Chromium that the browser tests drive: chosen, found, or installed."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
TIMEOUT = 30


def find() -> str | None:
    """The path of a Chromium that runs: CHROMIUM from the environment, else one of this machine."""
    candidates = [os.environ.get("CHROMIUM"), *(shutil.which(name) for name in NAMES), str(MAC)]
    return next((path for path in candidates if path and _runs([path, "--version"])), None)


def provide() -> str | None:
    """Find a Chromium, or install one where that is ours to do: as root, on Debian."""
    missing = [] if find() else ["chromium"]
    if not driver_runs():
        missing.append("libatomic1")
    if missing and _may_install():
        print(f"Installing {' and '.join(missing)} for the browser tests (apt-get)…", flush=True)
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *missing)
    return find()


def driver_runs() -> bool:
    """Whether the driver inside the Playwright package runs here; it needs a C library that bare systems lack."""
    spec = importlib.util.find_spec("playwright")
    return spec is not None and _runs([str(Path(spec.origin).parent / "driver" / "node"), "--version"])


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None and "ID=debian" in _os_release()


def _os_release() -> list[str]:
    try:
        return Path("/etc/os-release").read_text().split()
    except OSError:
        return []


def _apt(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "--quiet", *arguments],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"apt-get {arguments[0]} failed:\n{done.stderr.strip()[-500:]}", flush=True)


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
