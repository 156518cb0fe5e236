from nocode.studio.formula.functions import dates, logic, numbers, texts  # noqa: F401
from nocode.studio.formula.functions.base import FUNCTIONS, Arguments, Function, Typed

__all__ = ["FUNCTIONS", "Arguments", "Function", "Typed"]
