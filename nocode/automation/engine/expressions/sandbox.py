"""What an execution evaluates its expressions with.

Every execution has its own Sandbox, and a Sandbox its own QuickJS realm, made when the first expression comes. Data are
sent as JSON when an expression first mentions them, and kept. An expression that could change data or built-ins
(code.py tells) runs in a realm that is thrown away after it, and so does one that failed: no expression sees what
another one did.

The time limit counts the CPU time of the whole process, the only clock QuickJS reads. When other threads used it up, as
the clock of this thread tells, the expression is run again with a larger allowance. QuickJS looks at that clock every
few thousand steps and not inside its built-ins; guards.js bounds those that can run long. What still slips through,
such as a long loop over operators on huge texts or lists, is ended by the time limit of the task.
"""

from datetime import datetime
from threading import get_ident
from time import thread_time
from typing import Any

import quickjs
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine.expressions import answers, zones
from nocode.automation.engine.expressions.check import SECONDS, compile_in
from nocode.automation.engine.expressions.code import ROOTS, Code
from nocode.automation.engine.expressions.errors import ExpressionError, ExpressionLimit
from nocode.automation.engine.expressions.realm import MEGABYTE, Realm
from nocode.automation.engine.expressions.template import OPEN, compile_code, compile_template

LARGEST_ROOT = 16 * MEGABYTE
REPEATS = 4
PATIENCE = 2500  # by the clock on the wall, in milliseconds for each second of work

encode = DjangoJSONEncoder(allow_nan=False, separators=(",", ":")).encode


class Sandbox:
    """Evaluates the expressions of one execution, from one thread at a time.

    `roots` are JSON-like values by name; a function is called when an expression first mentions its root. `steps` is a
    dict of outputs by step key. `now`, when given, is a datetime at which the clock stands still.
    """

    def __init__(self, roots: dict[str, Any], *, seconds: float = SECONDS):
        self._seconds = seconds
        self._roots: dict[str, Any] = dict.fromkeys(ROOTS)
        self._steps: dict[str, Any] = {}
        self._now: datetime | None = None
        self._zones: set[str] = set()
        self._realm: Realm | None = None
        for name, value in roots.items():
            self.set(name, value)

    def set(self, name: str, value: Any) -> None:
        """Give a root its value; the next expression sees it."""
        if name in ("steps", "now"):
            self._realm = None
            if name == "now":
                self._now = value
            else:
                self._steps = dict(value)
            return
        self._roots[name] = value
        if self._realm:
            self._realm.loaded.discard(name)

    def set_step(self, key: str, output: Any) -> None:
        """Give `steps.<key>` its value."""
        self._steps[key] = output
        if self._realm:
            self._realm.steps.discard(key)

    def resolve(self, value: Any) -> Any:
        """The same configuration with every expression replaced by its value. Raises ExpressionError."""
        if isinstance(value, str):
            return self._fill(value) if OPEN in value else value
        if isinstance(value, dict):
            return {key: self.resolve(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.resolve(inner) for inner in value]
        return value

    def evaluate(self, source: str) -> Any:
        """The value of one bare JavaScript expression. Raises ExpressionError."""
        return answers.value_of(self._answer(compile_code(source)), source)

    def run_script(self, source: str, *, seconds: float) -> Any:
        """The value of an expression of any length that may take longer than those in texts. Raises ExpressionError."""
        usual, self._seconds, self._realm = self._seconds, seconds, None
        try:
            return self.evaluate(source)
        finally:
            self._seconds, self._realm = usual, None

    def _fill(self, text: str) -> Any:
        template = compile_template(text)
        if code := template.whole:
            return answers.value_of(self._answer(code), code.source)
        return "".join(
            part if isinstance(part, str) else answers.text_of(self._answer(part), part.source)
            for part in template.parts
        )

    def _answer(self, code: Code) -> str:
        """Run the expression, again when it asks for a time zone or when other threads used up its time."""
        seconds = self._seconds
        for _attempt in range(REPEATS + len(self._zones)):
            realm = self._prepare(code)
            realm.limit(seconds)
            started = thread_time()
            try:
                answer = realm.run(code.source)
            except quickjs.JSException as error:
                self._realm = None
                if "interrupted" not in str(error) or thread_time() - started > self._seconds * 0.7:
                    raise answers.error_of(error, code.source) from None
                seconds *= 4
                continue
            if code.changes or answer is None or answer[0] == "e":
                self._realm = None
            if answer is None:
                raise ExpressionLimit(_("it needs more memory than it may."), code.source)
            if answer[0] != "z":
                return answer
            self._zones.add(answers.value_of(answer[1:], code.source))
        raise ExpressionLimit(_("it takes too long."), code.source)

    def _prepare(self, code: Code) -> Realm:
        """The realm with everything in it that the expression mentions, and the expression compiled."""
        if self._realm is None or self._realm.thread != get_ident():
            self._realm = Realm(self._seconds)
        realm = self._realm
        try:
            self._load(realm, code)
        except quickjs.JSException as error:
            self._realm = None
            raise answers.error_of(error, code.source) from None
        compile_in(realm, code.source)
        return realm

    def _load(self, realm: Realm, code: Code) -> None:
        if not code.light:
            realm.load("guards", str(int(self._seconds * PATIENCE)))
        if code.dates:
            self._load_dates(realm)
        if code.dollars:
            realm.load("n8n")
        for name in code.roots:
            if name not in realm.loaded:
                realm.put("root", name, self._json(name, self._roots[name], code))
                realm.loaded.add(name)
        for key in self._steps if code.steps is None else code.steps:
            if key not in realm.steps and key in self._steps:
                realm.put("step", key, self._json(f"steps.{key}", self._steps[key], code))
                realm.steps.add(key)

    def _load_dates(self, realm: Realm) -> None:
        fixed = self._now and self._now.timestamp() * 1000
        home = getattr(self._now and self._now.tzinfo, "key", None) or timezone.get_current_timezone_name()
        realm.load("dates", encode([fixed, home]))
        for name in self._zones | {home}:
            if f"zone {name}" not in realm.loaded:
                realm.put("zone", name, zones.table(name))
                realm.loaded.add(f"zone {name}")

    def _json(self, name: str, value: Any, code: Code) -> str:
        try:
            text = encode(value() if callable(value) else value)
        except (TypeError, ValueError) as error:
            raise ExpressionError(
                _("“%(name)s” holds a value that is not JSON: %(why)s") % {"name": name, "why": error}, code.source
            )
        if len(text) > LARGEST_ROOT:
            size = {"name": name, "most": LARGEST_ROOT // MEGABYTE}
            raise ExpressionLimit(
                _("“%(name)s” is too large for expressions (more than %(most)d MB).") % size, code.source
            )
        return text
