"""Secrets that an installation makes for itself once and keeps in its private folder."""

import secrets
from pathlib import Path

from nocode.setup.errors import SetupError


def instance_secret(home: Path, name: str, length: int = 48) -> str:
    """Return the secret kept in `<home>/<name>`, creating it (0600) on first use."""
    path = Path(home) / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    except OSError as problem:
        raise unwritable(path, problem) from problem
    try:
        _create(path, secrets.token_urlsafe(length))
        return path.read_text().strip()
    except OSError as problem:
        raise unwritable(path.parent, problem) from problem


def unwritable(path: Path, problem: OSError) -> SetupError:
    """The error for a private folder that cannot be used."""
    return SetupError(
        f"Cannot use {path}: {problem.strerror}.\n"
        "NoCode keeps its database and keys there. Set NOCODE_HOME to a folder you may write to."
    )


def _create(path: Path, secret: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(secret)
    try:
        path.hardlink_to(draft)  # atomic: of two first starts one wins, and both read the winner's
    except FileExistsError:
        pass
    finally:
        draft.unlink()
