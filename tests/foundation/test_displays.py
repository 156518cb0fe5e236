"""How values look."""

import pytest
from django.utils import translation

from nocode.foundation.displays import duration


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (None, "", ""),
        (0.34, "340 ms", "340 ms"),
        (0.9996, "1.0 s", "1,0 s"),
        (4.2, "4.2 s", "4,2 s"),
        (59.97, "1 min 00 s", "1 min 00 s"),
        (125, "2 min 05 s", "2 min 05 s"),
        (11_400, "3 h 10 min", "3 h 10 min"),
        (360_000, "4 d 4 h", "4 j 4 h"),
    ],
)
def test_a_length_of_time_reads_naturally(seconds, english, french):
    assert duration(seconds) == english
    with translation.override("fr"):
        assert duration(seconds) == french
