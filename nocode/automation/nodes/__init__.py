"""The step types. Importing this package imports every file in it, and each registers what it holds."""

from importlib import import_module
from pkgutil import iter_modules

from nocode.automation.nodes.base import Effect, Family, NodeType, Outcome, Step, node_types

for module in iter_modules(__path__, f"{__name__}."):
    import_module(module.name)

__all__ = ["Effect", "Family", "NodeType", "Outcome", "Step", "node_types"]
