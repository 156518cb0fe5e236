"""What goes wrong in an expression, said so that the person who wrote it can mend it."""

from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError

SHOWN = 200


class ExpressionError(NoCodeError):
    """The expression cannot be evaluated."""

    def __init__(self, reason: str, expression: str = "", *, line: int | None = None, column: int | None = None):
        shown = expression.strip()
        shown = shown if len(shown) <= SHOWN else shown[:SHOWN] + "…"
        message = _("{{ %(expression)s }}: %(reason)s") % {"expression": shown, "reason": reason}
        super().__init__(message, expression=expression, reason=reason, line=line, column=column)


class ExpressionSyntaxError(ExpressionError):
    """The expression is not well formed."""


class ExpressionLimit(ExpressionError):
    """The expression takes more time, memory or depth than it may."""
