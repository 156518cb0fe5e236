"""Fixtures that every test may ask for."""

import os
from pathlib import Path

import pytest

from tests.fixtures.missing import missing

pytest_plugins = ["tests.fixtures.browser", "tests.fixtures.stack", "tests.fixtures.cluster", "tests.fixtures.mail"]

DATA = Path(os.environ.get("NOCODE_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded real-world data."""
    if not DATA.is_dir():
        missing(f"No recorded data at {DATA}; set NOCODE_TEST_DATA.")
    return DATA
