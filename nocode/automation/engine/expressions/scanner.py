"""Reads JavaScript just well enough to find where an expression ends, what it mentions, and whether it could change data.

QuickJS compiles the code; this scanner only splits it into words, strings and signs. When it cannot be sure it answers on the
safe side: mentions everything, may change data.
"""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from nocode.automation.engine.expressions.errors import ExpressionSyntaxError

TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<number>(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)n?)
    |(?P<word>(?:[\w$#]|\\u|[^\x00-\x7f])+)
    |(?P<sign>=>|>>>=|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|\.\.\.|\?\.(?!\d)|\+\+|--|==|!=|<=|>=|&&|\|\||\?\?|\*\*|<<|>>
        |[-+*/%&|^]=|[-+*/%&|^!~<>=?:;,.(){}\[\]`])""",
    re.VERBOSE | re.DOTALL,
)
REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[A-Za-z]*")
TEMPLATE_TEXT = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.DOTALL)

ROOTS = ("trigger", "input", "item", "vars", "workflow", "execution", "secrets")
ALIASES = {
    "input": {"$json", "$input"},
    "vars": {"$vars"},
    "workflow": {"$workflow"},
    "execution": {"$execution"},
    "secrets": {"$secrets"},
}
DATES = frozenset(["now", "DateTime", "$now", "$today"])

CLOSES = {")": "(", "]": "[", "}": "{"}
ASSIGNS = frozenset("= += -= *= /= %= **= <<= >>= >>>= &= |= ^= &&= ||= ??= ++ --".split())
BEFORE_A_VALUE = frozenset("return typeof instanceof in of new delete void throw case do else yield await".split())
CHANGERS = frozenset(
    # methods that change a list or an object in place, and every way to reach one under another name
    "copyWithin fill pop push reverse shift sort splice unshift assign defineProperty defineProperties freeze preventExtensions "
    "seal setPrototypeOf captureStackTrace __proto__ __defineGetter__ __defineSetter__ constructor prototype call apply bind "
    "Reflect Proxy globalThis eval Function delete for class with import".split()
)
OBJECT_READERS = frozenset("keys values entries fromEntries hasOwn is groupBy".split())
REACHES_ALL = frozenset(["globalThis", "eval", "Function", "constructor"])
QUICK_CALLS = frozenset(
    # functions that take little time on any data; whatever else is called needs the guards
    "trim trimStart trimEnd toUpperCase toLowerCase toString toFixed toPrecision charAt charCodeAt codePointAt at startsWith endsWith "
    "substring substr slice join test Date String Number Boolean parseInt parseFloat isNaN isFinite encodeURIComponent "
    "decodeURIComponent encodeURI decodeURI abs ceil floor round trunc max min pow sqrt sign random isArray isInteger keys values "
    "entries hasOwn stringify parse getTime getFullYear getMonth getDate getDay getHours getMinutes getSeconds toISOString toJSON "
    "valueOf plus minus startOf endOf set setZone toUTC toLocal diff toISO toISODate toISOTime toFormat toMillis toSeconds "
    "fromISO fromMillis fromSeconds fromObject hasSame toObject as local utc first last all $if $ifEmpty".split()
)
HEAVY_WORDS = frozenset(
    "function async await yield while do throw try var let const switch with super debugger get static import class".split()
)
LONGEST = 50_000


@dataclass(slots=True)
class Code:
    """One expression and what can be known of it without running it."""

    source: str
    roots: tuple[str, ...] = ()
    """The roots it mentions."""
    steps: frozenset[str] | None = frozenset()
    """Keys of the steps it reads; None when it may read any."""
    dates: bool = False
    dollars: bool = False
    """It uses the names that n8n has."""
    changes: bool = False
    """It may change data or built-ins that a later expression would see."""
    light: bool = True
    """It defines no function and calls nothing that can run long."""


class Scanner:
    """Walks one expression from `position` to its end: the closing `}}`, or the end of the text when `closed` is False."""

    def __init__(self, text: str, position: int = 0, *, closed: bool = True):
        self.text, self.start, self.position, self.closed = text, position, position, closed
        self.open: list[str] = []
        self.tokens: list[tuple[str, str]] = []

    def scan(self) -> Code:
        """The expression; `position` is then just behind it."""
        while self.position < len(self.text):
            if self.closed and not self.open and self.text.startswith("}}", self.position):
                return self._finish(self.position, self.position + 2)
            self._step()
        if self.open:
            self._refuse(_("“%s” is never closed.") % self.open[-1])
        if self.closed:
            self._refuse(_("“{{” is never closed by “}}”."))
        return self._finish(self.position, self.position)

    def _step(self) -> None:
        if self.position - self.start > LONGEST:
            self._refuse(_("it is longer than %d characters.") % LONGEST)
        if self.text[self.position] == "/" and not self._after_value():
            match = REGEX.match(self.text, self.position)
            if match:
                return self._take("regex", match.end())
        match = TOKEN.match(self.text, self.position)
        if not match:
            mark = self.text[self.position]
            self._refuse(
                _("the text opened by %s is never closed.") % mark if mark in "'\"" else _("unexpected “%s”.") % mark
            )
        kind, end = match.lastgroup, match.end()
        if kind == "number" and match.group().endswith("n"):
            self._refuse(_("whole numbers of any size (BigInt, such as 12n) are not supported."))
        if kind == "sign":
            return self._sign(match.group(), end)
        if kind == "blank":
            self.position = end
            return None
        return self._take(kind, end)

    def _sign(self, sign: str, end: int) -> None:
        if sign == "`":
            self._take("template", end)
            return self._template()
        if sign in CLOSES:
            self._close(sign)
            if self.open and self.open[-1] == "`":
                self.position = end
                return self._template()
        elif sign in "([{":
            self.open.append(sign)
        return self._take("sign", end)

    def _close(self, sign: str) -> None:
        opened = self.open.pop() if self.open else ""
        if opened == "${" and sign == "}":
            return
        if opened != CLOSES[sign]:
            self._refuse(_("“%s” is never closed.") % opened if opened else _("unexpected “%s”.") % sign)

    def _template(self) -> None:
        """Text between backquotes, up to its end or to its next `${`."""
        self.position = TEMPLATE_TEXT.match(self.text, self.position).end()
        inside = bool(self.open) and self.open[-1] == "`"
        if self.text.startswith("${", self.position):
            self.open += ["${"] if inside else ["`", "${"]
            return self._take("sign", self.position + 2)
        if not self.text.startswith("`", self.position):
            self._refuse(_("the text opened by %s is never closed.") % "`")
        if inside:
            self.open.pop()
        return self._take("string", self.position + 1)

    def _take(self, kind: str, end: int) -> None:
        self.tokens.append((kind, self.text[self.position : end]))
        self.position = end

    def _after_value(self) -> bool:
        if not self.tokens:
            return False
        kind, text = self.tokens[-1]
        if kind == "word":
            return text not in BEFORE_A_VALUE
        return kind in ("string", "number", "regex") or text in (")", "]", "}")

    def _finish(self, end: int, after: int) -> Code:
        source = self.text[self.start : end].strip().rstrip(";").rstrip()
        self.position = after
        if not source:
            raise ExpressionSyntaxError(_("the expression is empty."), source)
        if not is_text(source):
            raise ExpressionSyntaxError(_("it holds half a character."), source)
        return describe(source, self.tokens)

    def _refuse(self, reason: str) -> None:
        before = self.text[self.start : self.position]
        line, column = (
            before.count("\n") + 1,
            self.position - max(self.text.rfind("\n", self.start, self.position), self.start - 1),
        )
        raise ExpressionSyntaxError(reason, self.text[self.start :], line=line, column=column)


def is_text(source: str) -> bool:
    """False when a character is cut in half (a lone surrogate), which cannot be handed over."""
    return source.isascii() or not any("\ud800" <= character <= "\udfff" for character in source)


def describe(source: str, tokens: list[tuple[str, str]]) -> Code:
    """What the tokens tell about the expression."""
    words = {text for kind, text in tokens if kind == "word"}
    opaque = not words.isdisjoint(REACHES_ALL) or any("\\" in word for word in words)
    changes = opaque or any(_changes(tokens, index) for index in range(len(tokens)))
    return Code(
        source,
        roots=tuple(name for name in ROOTS if opaque or name in words or not words.isdisjoint(ALIASES.get(name, ()))),
        steps=None if opaque else _steps_read(tokens),
        dates=opaque or not words.isdisjoint(DATES),
        dollars=opaque or any(word[0] == "$" for word in words),
        changes=changes,
        light=not changes and all(_light(tokens, index) for index in range(len(tokens))),
    )


def _near(tokens: list[tuple[str, str]], index: int) -> tuple[str, str]:
    return tokens[index] if 0 <= index < len(tokens) else ("", "")


def _changes(tokens: list[tuple[str, str]], index: int) -> bool:
    """Could change something: assigns, names a function that changes its object, or calls what it has computed."""
    (kind, text), after = tokens[index], _near(tokens, index + 1)
    if kind == "word":
        return text in CHANGERS or (text == "Object" and not _only_reads(tokens, index))
    called = after[1] == "(" or after[0] == "template"
    return kind == "sign" and (text in ASSIGNS or (called and text in (")", "]", "}", "?.")))


def _only_reads(tokens: list[tuple[str, str]], index: int) -> bool:
    """`Object.keys` and the like: the only uses of Object that change nothing."""
    return _near(tokens, index + 1)[1] == "." and _near(tokens, index + 2)[1] in OBJECT_READERS


def _light(tokens: list[tuple[str, str]], index: int) -> bool:
    (kind, text), after = tokens[index], _near(tokens, index + 1)
    if kind == "sign":
        return text != "=>" and not (text == ")" and after[1] == "{")
    if kind != "word":
        return True
    called = after[1] == "(" and text not in BEFORE_A_VALUE
    constructed = _near(tokens, index - 1)[1] == "new" and text != "Date"
    return (
        text not in HEAVY_WORDS and (not called or text in QUICK_CALLS) and not constructed and after[0] != "template"
    )


def _steps_read(tokens: list[tuple[str, str]]) -> frozenset[str] | None:
    """The keys behind every `steps`, when all are plainly written."""
    keys = set()
    for index, token in enumerate(tokens):
        if token == ("word", "steps") and _near(tokens, index - 1)[1] not in (".", "?."):
            key = _key_behind(tokens, index + 1)
            if key is None:
                return None
            keys.add(key)
    return frozenset(keys)


def _key_behind(tokens: list[tuple[str, str]], index: int) -> str | None:
    """`.key`, `?.key`, `["key"]` or `?.["key"]`."""
    if _near(tokens, index)[1] in (".", "?.") and _near(tokens, index + 1)[0] == "word":
        return _near(tokens, index + 1)[1]
    if _near(tokens, index)[1] == "?.":
        index += 1
    kind, text = _near(tokens, index + 1)
    plain = kind == "string" and text[0] != "`" and "\\" not in text
    return text[1:-1] if plain and _near(tokens, index)[1] == "[" and _near(tokens, index + 2)[1] == "]" else None
