"""The language of formula fields: small, typed, and nothing but an expression of SQL in the end."""

from nocode.studio.formula.compiler import Scope, Typed, compile_formula
from nocode.studio.formula.kinds import Kind
from nocode.studio.formula.lexer import reference, references, rewrite

__all__ = ["Kind", "Scope", "Typed", "compile_formula", "reference", "references", "rewrite"]
