"""What the tasks of the queue benchmark do: nothing, or telling the time. Every contender runs these."""

import os
import time


def do_nothing() -> None:
    """The task of which only the queue around it is measured."""


def tell_time(pipe: str) -> None:
    """Write the moment a task started into a named pipe."""
    descriptor = os.open(pipe, os.O_WRONLY)
    os.write(descriptor, f"{time.monotonic()}\n".encode())
    os.close(descriptor)
