"""The example of every step type that only computes, run as the engine does: what the reference shows is true."""

import pytest

from nocode.automation.nodes import Effect, node_types
from tests.automation.stepping import compute

SHOWN = [each for each in node_types if each.example and each.effect is Effect.PURE and not hasattr(each, "records")]


@pytest.mark.parametrize("kind", sorted(each.kind for each in SHOWN))
def test_an_example_does_what_it_says(kind):
    example = node_types[kind].example

    assert compute(kind, example.settings, example.input).output == example.output
