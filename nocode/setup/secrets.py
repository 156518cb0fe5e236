"""Secrets that an installation makes for itself once and keeps in its private folder."""

import secrets
from pathlib import Path


def instance_secret(home: Path, name: str) -> str:
    """Return the secret kept in `<home>/<name>`, creating it (0600) on first use.

    Raises OSError when the folder cannot be written.
    """
    path = Path(home) / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(48))
    try:
        path.hardlink_to(draft)  # atomic: of two first starts one wins, and both read the winner's
    except FileExistsError:
        pass
    draft.unlink()
    return path.read_text().strip()
