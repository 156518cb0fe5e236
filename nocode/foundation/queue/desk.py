"""What a worker has on its desk, in memory it shares with its sentinel and that outlives it.

Claimed tasks that were not started lie in a pipe: the kernel hands each to exactly one reader, the worker that starts
it or the sentinel that takes it back. What is being worked on, and what is finished but not yet acknowledged, stands
in shared memory. So whenever a worker dies its sentinel knows what to delete, what to count as a lost attempt, and
what to give back untouched; and no lock exists that a killed process could leave closed.
"""

import mmap
import os
import struct
import time
from uuid import UUID

CAPACITY = 200  # ids of one batch; 8 bytes each, so that one write to the pipe is atomic (PIPE_BUF)

_TASK, _STARTED, _DEADLINE, _DONE, _FAILED, _FINISHED, _FIRST = range(2, 9)  # cells; the first two hold the worker's id


class Desk:
    """One worker's place in a cluster; successive workers use the same one."""

    def __init__(self):
        self._memory = mmap.mmap(-1, 8 * (_FIRST + CAPACITY))
        self._cells = memoryview(self._memory).cast("q")
        self._out, self._in = os.pipe()
        os.set_blocking(self._out, False)

    # --- the worker -------------------------------------------------------------------------------------------------

    def lay_out(self, ids: list[int]) -> None:
        """Put a batch of claimed tasks on the desk."""
        os.write(self._in, struct.pack(f"{len(ids)}q", *ids))

    def pick(self) -> int | None:
        """The next task to start, or None when the rest is done or was taken back."""
        try:
            return int.from_bytes(os.read(self._out, 8), "little")
        except BlockingIOError:
            return None

    def begin(self, task: int, timeout: float | None) -> None:
        """Note what is being worked on."""
        now = time.monotonic_ns()
        cells = self._cells
        cells[_TASK], cells[_STARTED] = task, now
        cells[_DEADLINE] = now + int(timeout * 1e9) if timeout and timeout > 0 else 0

    def stop_clock(self) -> None:
        """The function has returned: it can no longer time out."""
        self._cells[_DEADLINE] = 0

    def finish(self, task: int) -> None:
        """Note a success that is still to be acknowledged."""
        cells = self._cells
        cells[_FIRST + cells[_FINISHED]] = task
        cells[_FINISHED] += 1
        cells[_TASK] = 0
        cells[_DONE] += 1

    def close_case(self, success: bool) -> None:
        """Note that the current task was recorded and has left the queue."""
        self._cells[_TASK] = 0
        self._cells[_DONE if success else _FAILED] += 1

    def put_down(self) -> None:
        """Note that the current task went back to the queue."""
        self._cells[_TASK] = 0

    def acknowledged(self) -> None:
        """The finished tasks have left the queue."""
        self._cells[_FINISHED] = 0

    # --- both ---------------------------------------------------------------------------------------------------------

    @property
    def finished(self) -> list[int]:
        """Successes that are still to be acknowledged."""
        return self._cells[_FIRST : _FIRST + self._cells[_FINISHED]].tolist()

    @property
    def overdue_by(self) -> float:
        """Seconds since the current task's time ran out; negative while it has time, or has no limit."""
        deadline = self._cells[_DEADLINE]
        return (time.monotonic_ns() - deadline) / 1e9 if deadline else -1.0

    def take_back(self) -> list[int]:
        """Everything that was not started."""
        try:
            data = os.read(self._out, 8 * CAPACITY)
        except BlockingIOError:
            return []
        return list(struct.unpack(f"{len(data) // 8}q", data))

    # --- the sentinel -------------------------------------------------------------------------------------------------

    def assign(self, worker: UUID) -> None:
        """Clear the desk for a new worker."""
        self.take_back()
        self._memory[:] = worker.bytes + bytes(len(self._memory) - 16)

    def vacate(self) -> None:
        """Nobody sits here."""
        self._memory[:16] = bytes(16)

    @property
    def worker(self) -> UUID | None:
        """Who sits, or sat, here."""
        value = self._memory[:16]
        return UUID(bytes=value) if any(value) else None

    @property
    def task(self) -> int:
        """What is being worked on; 0 when nothing is."""
        return self._cells[_TASK]

    @property
    def busy_for(self) -> float:
        """Seconds spent on the current task."""
        return (time.monotonic_ns() - self._cells[_STARTED]) / 1e9 if self._cells[_TASK] else 0.0

    @property
    def counters(self) -> tuple[int, int]:
        """Tasks done and tasks failed."""
        return self._cells[_DONE], self._cells[_FAILED]
