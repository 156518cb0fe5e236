"""Data recorded by others, kept beside the repository: in `../shared/data`, or where SHARED_DATA says.

Tests that read it run where it is; our own cases beside them run everywhere.
"""

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(os.environ.get("SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


def recorded(folder: str, pattern: str = "*.json") -> list[Any]:
    """The JSON files of a folder; none where there is no such data."""
    return [json.loads(path.read_text()) for path in sorted((ROOT / folder).glob(pattern))]
