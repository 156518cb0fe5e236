"""The step types; importing this package registers them all."""

from nocode.automation.nodes import data, http, logic, loop, message, placeholder, records, webhook  # noqa: F401
from nocode.automation.nodes.base import Effect, Family, NodeType, Outcome, Step, node_types

__all__ = ["Effect", "Family", "NodeType", "Outcome", "Step", "node_types"]
