"""Recorded data as test parameters. Our own cases beside them run where there is no such data, too."""

import json
from typing import Any

from tests.conftest import DATA


def recorded(folder: str, pattern: str = "*.json") -> list[Any]:
    """The JSON files of a folder of recorded data; none where it is missing."""
    return [json.loads(path.read_text()) for path in sorted((DATA / folder).glob(pattern))]
