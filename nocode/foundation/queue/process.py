"""What every process of a cluster does first: end with its parent, and leave terminal signals to the main process."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int, with_signal: int) -> None:
    """Have the kernel send us a signal when our parent dies, also by `kill -9`.

    Only Linux can; elsewhere `orphaned()` is asked from time to time.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
    if orphaned(parent):  # it died before we asked
        os.kill(os.getpid(), with_signal)


def orphaned(parent: int) -> bool:
    """Whether the process that started us is gone."""
    return os.getppid() != parent


class StopSignal:
    """SIGTERM as a count and a readable descriptor, so that neither a loop nor a sleep misses it."""

    def __init__(self, *signals: int):
        self.count = 0
        self.descriptor, self._in = os.pipe()
        os.set_blocking(self._in, False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the main process decides
        for each in signals or (signal.SIGTERM,):
            signal.signal(each, self._received)

    def __bool__(self) -> bool:
        return self.count > 0

    def _received(self, signum, frame) -> None:
        self.count += 1
        if self.count == 1:
            os.write(self._in, b".")
