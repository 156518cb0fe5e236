"""Reads JavaScript just well enough to find where an expression ends. QuickJS compiles it; this only splits it."""

import re

from django.utils.translation import gettext as _

from nocode.automation.engine.expressions.code import BEFORE_A_VALUE, Code, Token, describe
from nocode.automation.engine.expressions.errors import ExpressionSyntaxError

TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<number>(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)n?)
    |(?P<word>(?:[\w$#]|\\u|[^\x00-\x7f])+)
    |(?P<sign>=>|>>>=|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|\.\.\.|\?\.(?!\d)|\+\+|--|==|!=|<=|>=|&&|\|\||\?\?
        |\*\*|<<|>>|[-+*/%&|^]=|[-+*/%&|^!~<>=?:;,.(){}\[\]`])""",
    re.VERBOSE | re.DOTALL,
)
REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[A-Za-z]*")
TEMPLATE_TEXT = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.DOTALL)
CLOSES = {")": "(", "]": "[", "}": "{"}
LONGEST = 50_000


class Scanner:
    """Walks one expression from `position` to its end: its `}}`, or the end of the text when `closed` is False."""

    def __init__(self, text: str, position: int = 0, *, closed: bool = True):
        self.text, self.start, self.position, self.closed = text, position, position, closed
        self.open: list[str] = []
        self.tokens: list[Token] = []

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
        shown = self.text[self.start :].partition("}}")[0]  # the message closes what it quotes itself
        raise ExpressionSyntaxError(reason, shown, line=line, column=column)


def is_text(source: str) -> bool:
    """False when a character is cut in half (a lone surrogate), which cannot be handed over."""
    return source.isascii() or not any("\ud800" <= character <= "\udfff" for character in source)
