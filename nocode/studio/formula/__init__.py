"""The language of formula fields: small, typed, and nothing but an expression of SQL in the end."""

from nocode.studio.formula.compiler import Scope, Typed, compile_formula
from nocode.studio.formula.kinds import Kind
from nocode.studio.formula.lexer import place_in, reference, references, rewrite

__all__ = ["Kind", "Scope", "Typed", "compile_formula", "place_in", "reference", "references", "rewrite"]
