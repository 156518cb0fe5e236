"""The grid of a big table: what a page costs, what makes a list slow, and the way out."""

import datetime as dt

import pytest
from django.utils import formats, translation

from nocode.studio.fields.clock import written


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", ["SHORT_DATE_FORMAT", "SHORT_DATETIME_FORMAT", "DATETIME_FORMAT", "r"])
def test_dates_are_written_as_everywhere(language, name):
    with translation.override(language):
        for month in range(1, 13):
            moment = dt.datetime(2026 - month * 90, month, month, 7, 5, tzinfo=dt.UTC)
            assert written(moment, name) == formats.date_format(moment, name)
