"""When a failed step is tried again."""

import random
from datetime import timedelta

FIRST_DELAY = 60  # seconds; doubled for each further attempt
LONGEST_DELAY = 3600


def delay(attempt: int, *, asked: float = 0, jitter: float | None = None) -> timedelta:
    """Pause after the given failed attempt: 60, 120, 240 … seconds, plus up to 10 % so that crowds spread out.

    `asked` is the pause, in seconds, that the other side wants (bounded by an hour).
    """
    spread = random.random() if jitter is None else jitter  # noqa: S311  (not a secret)
    pause = min(max(FIRST_DELAY * 2 ** (attempt - 1), asked), LONGEST_DELAY)
    return timedelta(seconds=pause * (1 + 0.1 * spread))
