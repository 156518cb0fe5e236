"""The example of every step type that only computes, run for real: what the reference shows is what happens."""

import pytest

from nocode.automation.nodes import Effect, node_types
from tests.automation.stepping import run_step

SHOWN = [each for each in node_types if each.example and each.effect is Effect.PURE and not hasattr(each, "records")]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", sorted(each.kind for each in SHOWN))
def test_an_example_does_what_it_says(kind):
    example = node_types[kind].example

    execution = run_step(kind, example.settings, example.input)

    assert execution.error_message == ""
    assert execution.steps.get().output == example.output
