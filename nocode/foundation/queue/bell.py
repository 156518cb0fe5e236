"""A pipe that wakes one idle worker of a cluster."""

import os
import select
from contextlib import suppress


class Bell:
    """Rung by the sentinel when there is work, and by a worker that found more than it could take."""

    def __init__(self):
        self._out, self._in = os.pipe()
        os.set_blocking(self._out, False)
        os.set_blocking(self._in, False)

    def ring(self) -> None:
        """Wake an idle worker, or the next one that would become idle."""
        with suppress(BlockingIOError):  # full: it rings already
            os.write(self._in, b".")

    def wait(self, timeout: float, *others: int) -> None:
        """Sleep until it rings, another descriptor is readable, or the time is over."""
        ready, _, _ = select.select([self._out, *others], [], [], timeout)
        if self._out in ready:
            with suppress(BlockingIOError):  # a colleague was quicker
                os.read(self._out, 65536)
