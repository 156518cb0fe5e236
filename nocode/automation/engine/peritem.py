"""A step that runs once for each item of the list that enters it, in one attempt.

Its results become a list in the order of the items. All or nothing: what fails for one item fails for the step, unless
the step goes on after errors; then the error stands in the place of the item. An attempt that is repeated begins with
the first item again: a step that writes has written nothing yet, and calls to the outside carry the same key as before.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine import store
from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes import Effect, Outcome, Step
from nocode.foundation.errors import NoCodeError

if TYPE_CHECKING:
    from nocode.automation.engine.attempt import Attempt

MOST_ITEMS = 10_000
MOST_SECONDS = 200  # together; a task that runs for longer is ended
MOST_CHARACTERS = 64 * 1024 * 1024  # of all results together, as JSON


class Turn(NamedTuple):
    """One item with the settings for it, or why there are none."""

    index: int
    item: Any
    settings: dict[str, Any]
    step: Step | None
    failure: NoCodeError | None = None


class PerItem:
    """The items of one attempt at a step."""

    def __init__(self, attempt: "Attempt", items: list):
        if len(items) > MOST_ITEMS:
            raise PermanentFailure(_("A step takes at most %d items one by one; use a loop.") % MOST_ITEMS)
        self._attempt, self._items = attempt, items
        self._type = attempt.prepared.type
        self._collects = attempt.node.on_error == "continue"
        self._shared: dict = {}
        self._ends = time.monotonic() + MOST_SECONDS
        self._turns: Iterable[Turn] = self._prepared()
        if self._type.effect is Effect.OUTSIDE:  # it will run in a thread that has neither sandbox nor database
            self._turns = list(self._turns)

    def _prepared(self) -> Iterator[Turn]:
        """The settings of one item after the other; expressions see it as `input` and as `item`."""
        sandbox = self._attempt.progress.sandbox
        try:
            for index, item in enumerate(self._items):
                for name, value in (("input", item), ("item", item), ("index", index)):
                    sandbox.set(name, value)
                yield self._turn(index, item)
        finally:
            self._attempt.progress.show_item(self._attempt.spot.scope)

    def _turn(self, index: int, item: Any) -> Turn:
        attempt = self._attempt
        step = attempt.step_on(item, log=partial(attempt.note, item=index), resolve=self._resolve, shared=self._shared)
        step.idempotency_key = f"{step.idempotency_key}:{index}"
        try:
            settings = attempt.prepared.settings(attempt.progress.sandbox)
            step.loaded = self._type.load(settings, step)
        except NoCodeError as failure:
            return Turn(index, item, {}, None, failure)
        return Turn(index, item, settings, step)

    def _resolve(self, value: Any, item: Any) -> Any:
        sandbox = self._attempt.progress.sandbox
        sandbox.set("item", item)
        return sandbox.resolve(value)

    def run(self) -> Outcome:
        """Run it for all items. Raises what one of them failed with, unless errors are collected."""
        outcomes: list[Outcome] = []
        size = 0
        for turn in self._turns:
            self._check_time()
            outcomes.append(self._outcome(turn))
            size += len(store.to_json(outcomes[-1].output))
            if size > MOST_CHARACTERS:
                raise PermanentFailure(
                    _("The results have more than %d MB; use a loop.") % (MOST_CHARACTERS // 1024**2)
                )
        return self._joined(outcomes)

    def _outcome(self, turn: Turn) -> Outcome:
        try:
            if turn.failure:
                raise turn.failure
            with self._kept_apart():
                result = self._type.run(turn.settings, turn.step)
        except NoCodeError as error:
            if not self._collects or self._attempt.will_repeat(error):
                raise self._named(error, turn.index) from error.__cause__
            self._attempt.note("warning", _("Item %d failed.") % (turn.index + 1), item=turn.index, error=error.message)
            return Outcome({"error": error.message, "input": turn.item}, ())
        outcome = result if isinstance(result, Outcome) else Outcome(result, (self._attempt.usual_port(),))
        if outcome.waits or outcome.wake_at:
            raise PermanentFailure(_("This step cannot wait for each item; use a loop."))
        return outcome

    def _kept_apart(self) -> Any:
        """Around one item: what it wrote before it failed is taken back, when the others are to stay."""
        writes = self._type.effect is Effect.TRANSACTION
        return transaction.atomic() if writes and self._collects else nullcontext()

    @staticmethod
    def _named(error: NoCodeError, index: int) -> NoCodeError:
        """The same failure, which says for which item."""
        error.args = (_("Item %(number)d: %(why)s") % {"number": index + 1, "why": error.message},)
        return error

    def _check_time(self) -> None:
        if time.monotonic() > self._ends:
            raise PermanentFailure(_("The items took longer than %d seconds together; use a loop.") % MOST_SECONDS)
        leased = self._attempt.progress.leased
        if timezone.now() > leased.deadline_at:
            raise PermanentFailure(_("The execution took longer than its limit of %d seconds.") % leased.timeout)

    def _joined(self, outcomes: list[Outcome]) -> Outcome:
        """One outcome of all: the results, every port that an item took, the first response."""
        ports = dict.fromkeys(port for outcome in outcomes for port in outcome.ports)
        return Outcome(
            [outcome.output for outcome in outcomes],
            tuple(ports) or (self._attempt.usual_port(),),
            response=next((outcome.response for outcome in outcomes if outcome.response), None),
        )
