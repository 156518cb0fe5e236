"""Notice changed source files, for `up --reload`."""

import time
from pathlib import Path

LOOK_EVERY = 1.0
FOLDERS = ("nocode", "templates")
ENDINGS = {".py", ".html", ".sql", ".mo"}


class SourceWatch:
    """Remembers when the newest file was written."""

    def __init__(self, root: Path):
        self.root = root
        self.looked_at = time.monotonic()
        self.known = self._look()

    def changed(self) -> bool:
        """Whether a file was written, added or removed since the last call; looks at most once a second."""
        if time.monotonic() - self.looked_at < LOOK_EVERY:
            return False
        self.looked_at = time.monotonic()
        before, self.known = self.known, self._look()
        return self.known != before

    def _look(self) -> dict[Path, int]:
        files = (file for folder in FOLDERS for file in (self.root / folder).rglob("*"))
        return {file: file.stat().st_mtime_ns for file in files if file.suffix in ENDINGS}
