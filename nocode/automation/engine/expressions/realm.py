"""One QuickJS context: no file, no network, nothing to wait on, and limits on time, memory and depth.

Only text crosses the border. QuickJS turns a result into JSON while its time limit runs, because whatever the host asks
of a JavaScript object afterwards (a string, a property) runs without that limit.
"""

from functools import cache
from pathlib import Path
from threading import get_ident
from time import thread_time

import quickjs

HERE = Path(__file__).parent
MEGABYTE = 1024 * 1024
MEMORY = 64 * MEGABYTE
STACK = 256 * 1024
LARGEST_RESULT = 8 * MEGABYTE


@cache
def script(name: str) -> str:
    """The text of one of our own scripts."""
    return (HERE / f"{name}.js").read_text(encoding="utf-8")


class Realm:
    """A context, its compiled expressions and the names of what is loaded. Used by the thread that made it."""

    def __init__(self, seconds: float):
        self.thread = get_ident()
        self.loaded: set[str] = set()
        self.steps: set[str] = set()
        self._compiled: dict[str, quickjs.Object] = {}
        self._context = quickjs.Context()
        self._context.set_memory_limit(MEMORY)
        self._context.set_max_stack_size(STACK)
        self._host = self._context.eval(script("core"))
        self.limit(seconds)

    def limit(self, seconds: float) -> None:
        self._context.set_time_limit(seconds)
        self._seconds = seconds

    def compile(self, source: str) -> None:
        """Make the expression ready to run. Raises JSException."""
        if source not in self._compiled:
            self._compiled[source] = self._host("compile", source)

    def run(self, source: str) -> str | None:
        """JSON, or an answer that starts with a letter (see the scripts); None when no memory was left to give it."""
        answer = self._host("run", self._compiled[source], LARGEST_RESULT)
        if answer != "p":  # a promise
            return answer
        started = thread_time()
        while self._context.execute_pending_job():
            if thread_time() - started > self._seconds:
                return 'e["Limit","time",""]'
        return self._host("settled", LARGEST_RESULT)

    def put(self, action: str, name: str, json: str) -> None:
        """Hand over a `root`, a `step` or a `zone`."""
        self._host(action, name, self._context.parse_json(f"[{json}]"))

    def load(self, name: str, argument: str = "") -> None:
        """Run one of our libraries, once."""
        if name not in self.loaded:
            self._host("load", self._context.eval(script(name)), argument)
            self.loaded.add(name)
