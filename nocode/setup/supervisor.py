"""Run a few programs in one terminal: their lines prefixed, started again after a crash, ended together.

One thread and one loop. Each program leads its own session, so a Ctrl-C reaches only us and we end them in order; and
the kernel signals it should we be killed.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nocode.setup.embedded.account import die_with_parent

TICK = 0.2
PATIENCE = 12  # seconds to end by itself before a program is killed
LONGEST_PAUSE = 15
CRASHES_PER_MINUTE = 5
COLOURS = {"web": "36", "cluster": "35", "up": "32"}
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Program:
    """Something to keep running."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()
    process: subprocess.Popen | None = None
    crashes: deque[float] = field(default_factory=lambda: deque(maxlen=CRASHES_PER_MINUTE))
    start_at: float | None = 0.0  # when to start it (again); None while it runs
    rest: bytes = b""  # the unfinished last line of its output

    def start(self, folder: Path) -> None:
        """Start it, to be ended by the kernel if we die first."""
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | self.environment,
            pass_fds=self.descriptors,
            start_new_session=True,
            preexec_fn=_enter,  # safe: we have one thread
        )
        os.set_blocking(self.process.stdout.fileno(), False)
        self.start_at = None

    def ended(self) -> bool:
        """Whether the process itself is over; what it started may still be there."""
        return self.process is None or self.process.poll() is not None

    def kill_group(self, number: int = signal.SIGKILL) -> None:
        """Signal the program and everything it started."""
        if self.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: no permission for zombies
                os.killpg(self.process.pid, number)

    def pause_after_crash(self) -> float | None:
        """How long to wait before the next start, or None when it crashes too often."""
        now = time.monotonic()
        if len(self.crashes) == CRASHES_PER_MINUTE and now - self.crashes[0] < 60:
            return None
        self.crashes.append(now)
        recent = sum(1 for moment in self.crashes if now - moment < 60)
        return min(2 ** (recent - 1), LONGEST_PAUSE)


class Supervisor:
    """Keeps programs running until a signal, or until one of them crashes too often."""

    def __init__(self, programs: list[Program], *, folder: Path, on_tick: Callable[[], None]):
        self.programs = programs
        self.folder = folder
        self.on_tick = on_tick
        self.selector = selectors.DefaultSelector()
        self.signals = 0
        self.failed = False
        self.colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def run(self) -> bool:
        """Run until told to stop; False when it was not us who wanted to stop."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._count_signal)
        try:
            while not self.signals and not self.failed:
                for program in self.programs:
                    self._keep_running(program)
                self._pump()
                self.on_tick()
        finally:
            self._stop()
        return not self.failed

    def restart(self) -> None:
        """End every program; the loop starts them again at once."""
        for program in self.programs:
            program.kill_group(signal.SIGTERM)
            program.start_at = time.monotonic()

    def say(self, name: str, line: str) -> None:
        """Print one line with its origin. Without a reader (`up | head`) we go on in silence."""
        prefix = f"{name:<8}│ "
        if self.colour:
            prefix = f"\033[{COLOURS[name]}m{prefix}\033[0m"
        try:
            print(prefix + line, flush=True)
        except OSError:
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 — for the rest of our life

    def _count_signal(self, *_: object) -> None:
        self.signals += 1

    def _keep_running(self, program: Program) -> None:
        if program.process and program.ended():
            self._bury(program)
            if program.start_at is None:
                self._plan_restart(program)
        if program.process is None and program.start_at is not None and time.monotonic() >= program.start_at:
            program.start(self.folder)
            self.selector.register(program.process.stdout, selectors.EVENT_READ, program)

    def _plan_restart(self, program: Program) -> None:
        pause = program.pause_after_crash()
        if pause is None:
            self.failed = True
            self.say("up", f"{program.name} ended {CRASHES_PER_MINUTE + 1} times within a minute; stopping.")
            return
        self.say("up", f"{program.name} ended unexpectedly; starting it again in {pause} s.")
        program.start_at = time.monotonic() + pause

    def _bury(self, program: Program) -> None:
        """Print its last words and clear away what it left behind."""
        while self._read(program):
            pass
        if program.process.stdout in self.selector.get_map():
            self.selector.unregister(program.process.stdout)
        program.process.stdout.close()
        program.kill_group()
        program.process = None

    def _pump(self) -> None:
        """Print what the programs say, for a moment."""
        if not self.selector.get_map():
            time.sleep(TICK)
        for key, _ in self.selector.select(TICK):
            self._read(key.data)

    def _read(self, program: Program) -> bool:
        """Print what has come; False when there is nothing now."""
        try:
            chunk = os.read(program.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return False
        *lines, program.rest = (program.rest + chunk).split(b"\n")
        if not chunk:
            lines, program.rest = [program.rest] if program.rest else [], b""
            if program.process.stdout in self.selector.get_map():
                self.selector.unregister(program.process.stdout)  # closed: it would count as readable for ever
        for line in lines:
            self.say(program.name, line.decode(errors="replace"))
        return bool(chunk)

    def _stop(self) -> None:
        """End everything: politely first, by force at the second signal or when patience ends."""
        forced_at = self.signals + 1
        deadline = time.monotonic() + PATIENCE
        for program in self.programs:
            if not program.ended():
                program.process.send_signal(signal.SIGTERM)
        while not all(program.ended() for program in self.programs):
            if self.signals >= forced_at or time.monotonic() > deadline:
                break
            self._pump()
        for program in self.programs:
            program.kill_group()
            if program.process:
                program.process.wait()
                self._bury(program)


def _enter() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    die_with_parent(signal.SIGTERM)
