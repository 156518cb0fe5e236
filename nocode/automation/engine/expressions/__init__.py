"""Expressions: `{{ javascript }}` in any text of a configuration, evaluated in a sandbox."""

from nocode.automation.engine.expressions.check import find_error, find_errors, steps_read
from nocode.automation.engine.expressions.errors import ExpressionError, ExpressionLimit, ExpressionSyntaxError
from nocode.automation.engine.expressions.sandbox import Sandbox
from nocode.automation.engine.expressions.template import Template, compile_template

__all__ = [
    "ExpressionError",
    "ExpressionLimit",
    "ExpressionSyntaxError",
    "Sandbox",
    "Template",
    "compile_template",
    "find_error",
    "find_errors",
    "steps_read",
]
