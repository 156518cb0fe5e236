"""The example of every step type that only computes, run as the engine does: what the reference shows is true."""

from contextlib import suppress

import pytest

from nocode.automation.nodes import Effect, node_types
from nocode.foundation.errors import NoCodeError
from tests.automation.stepping import compute

SHOWN = [each for each in node_types if each.example and each.effect is Effect.PURE and not hasattr(each, "records")]


@pytest.mark.parametrize("kind", sorted(each.kind for each in SHOWN))
def test_an_example_does_what_it_says(kind):
    example = node_types[kind].example

    assert compute(kind, example.settings, example.input).output == example.output


ODD = [
    None, True, 0, -1, 1.5, 1e308, 10**400, "", " ", "\x00", "\ud800", "💥" * 50, "a" * 20_000, "NaN", "2026-02-30",
    "{{ 1 }}", "<p>&nbsp;<", "[" * 2000, "'; DROP TABLE x; --", "../../x", [], [None], [[]], [1, "a", None, {}],
    [{}], [{"n": float("inf")}], {}, {"": ""}, {"a.b": {"c": [1]}}, {"base64": "%%"}, {"json": {"json": {}}},
    [10**400, "1e999999999"],
]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(each.kind for each in SHOWN))
def test_odd_data_never_break_a_step_type(kind):
    """What it cannot work on it refuses, in words; it does not break."""
    for value in ODD:
        for settings in (node_types[kind].example.settings, _only_what_is_needed(kind)):
            with suppress(NoCodeError):
                compute(kind, settings, value)


def _only_what_is_needed(kind: str) -> dict:
    """The settings of its example that it does not run without."""
    fields = node_types[kind].Config.base_fields
    return {name: value for name, value in node_types[kind].example.settings.items() if fields[name].required}
