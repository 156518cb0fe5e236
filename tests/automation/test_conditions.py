"""Conditions compare as people mean it."""

import pytest

from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes.conditions import met


def check(left, op, right=None):
    return met([{"left": left, "op": op, "right": right}], "all")


@pytest.mark.parametrize(
    ("left", "op", "right", "expected"),
    [
        (5, "eq", "5", True),
        ("5.0", "eq", 5, True),
        ("a", "eq", "A", False),
        (True, "eq", "true", True),
        (True, "eq", 1, False),
        (None, "eq", "", False),
        (1000, "gte", "1000", True),
        ("999.99", "gte", 1000, False),
        ("10", "gt", "9", True),
        ("b", "gt", "a", True),
        ("2026-01-02", "gt", "2026-01-01T23:59:00Z", True),
        ("2026-01-01T00:30:00+01:00", "lt", "2026-01-01T00:00:00Z", True),
        ("hello", "contains", "ell", True),
        ([1, "2"], "contains", 2, True),
        ({"a": 1}, "contains", "a", True),
        ("x", "not_contains", "y", True),
        ("red", "in", "green, red", True),
        (3, "in", [1, 2, 3], True),
        ([], "empty", None, True),
        (0, "empty", None, False),
        ("", "filled", None, False),
        ("FALSE", "false", None, True),
        ("yes", "true", None, False),
        ("prefix", "starts", "pre", True),
        ("suffix", "ends", "fix", True),
    ],
)
def test_comparison(left, op, right, expected):
    assert check(left, op, right) is expected


@pytest.mark.parametrize(("left", "right"), [("abc", 5), (None, 1), ([1], [2]), (True, 0)])
def test_order_of_different_kinds_is_refused_in_words(left, right):
    with pytest.raises(PermanentFailure, match="cannot be put in order"):
        check(left, "gt", right)


def test_all_and_any():
    rows = [{"left": 1, "op": "eq", "right": 1}, {"left": 1, "op": "eq", "right": 2}]

    assert met(rows, "all") is False
    assert met(rows, "any") is True
