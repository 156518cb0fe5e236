"""A published graph made ready to run: settings without expressions are checked and typed once per version."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from nocode.automation.engine.expressions import ExpressionError, Sandbox
from nocode.automation.engine.graph import Graph, GraphNode
from nocode.automation.engine.store import to_json
from nocode.automation.errors import PermanentFailure
from nocode.automation.models import WorkflowVersion
from nocode.automation.nodes import Effect, NodeType, node_types
from nocode.automation.nodes.config import PER_ITEM, RowsField, clean_config, holds_expression
from nocode.foundation.errors import NoCodeError
from nocode.foundation.registry import UnknownKind


@dataclass
class PreparedNode:
    """A node, its type, its fixed settings and those that hold expressions."""

    node: GraphNode
    type: NodeType
    fixed: dict[str, Any]
    open: dict[str, Any]
    fields: dict[str, Any]
    per_item: bool = False  # it runs once for each item of the list that enters it
    fixed_text: str | None = None  # what is stored of settings without any expression, once they were

    @classmethod
    def of(cls, node: GraphNode) -> "PreparedNode":
        try:
            node_type = node_types[node.kind]
        except UnknownKind as error:
            if not node.is_disabled:
                raise PermanentFailure(error.message) from error
            node_type = NodeType()
        if node.is_disabled:
            return cls(node, node_type.switched_off(node.config), {}, {}, {})
        cleaned, errors = clean_config(node_type.Config, node.config)
        for name, messages in errors.items():
            raise PermanentFailure(_("Setting “%(name)s”: %(why)s") % {"name": name, "why": " ".join(messages)})
        per_item = cleaned.pop(PER_ITEM) is True and node_type.can_run_per_item
        texts = {name: value for name, value in cleaned.items() if name not in node_type.scripts}
        open_ = {name: value for name, value in texts.items() if holds_expression(value)}
        fixed = {name: value for name, value in cleaned.items() if name not in open_}
        fields = {name: _strict(node_type.Config.base_fields[name]) for name in open_}
        return cls(node, node_type, fixed, open_, fields, per_item)

    def settings(self, sandbox: Sandbox) -> dict[str, Any]:
        """All settings, expressions filled in and typed. Raises PermanentFailure naming the setting."""
        values = dict(self.fixed)
        for name, raw in self.open.items():
            values[name] = raw if name in self.type.deferred else self._fill(name, raw, sandbox)
        return values

    def stored(self, settings: dict[str, Any]) -> str:
        """What of the settings may be shown, as JSON; where no expression changes them it is written only once."""
        if self.fixed_text is not None:
            return self.fixed_text
        text = to_json(self.type.redact(settings))
        if not self.open:
            self.fixed_text = text
        return text

    @property
    def as_written(self) -> str:
        """What may be shown of the settings when they are others for each item."""
        return self.stored(self.fixed | self.open)

    def _fill(self, name: str, raw: Any, sandbox: Sandbox) -> Any:
        try:
            return self.fields[name].clean(sandbox.resolve(raw))
        except ExpressionError as error:
            why = error.message
        except ValidationError as error:
            why = " ".join(error.messages)
        label = self.fields[name].label or name
        raise PermanentFailure(_("Setting “%(name)s”: %(why)s") % {"name": label, "why": why}, field=name)


def _strict(field):
    """The field as it checks a filled-in value: text that only looks like an expression is plain text by now."""
    if isinstance(field, RowsField):
        field = deepcopy(field)
        field.accepts_expressions = False
    return field


class PreparedGraph:
    """The graph of one version with its nodes prepared on first use."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self._prepared: dict[str, PreparedNode] = {}

    def __getitem__(self, key: str) -> PreparedNode:
        if key not in self._prepared:
            self._prepared[key] = PreparedNode.of(self.graph.nodes[key])
        return self._prepared[key]

    def effect_of(self, key: str) -> Effect:
        try:
            return self[key].type.effect
        except NoCodeError:
            return Effect.PURE  # it cannot run at all; the attempt will say why

    def suffices(self, key: str) -> int:
        """How many of the branches into a step are enough for it to go on; 0: it waits for all that may come."""
        node_type = self._type(key)
        return node_type.suffices(self.graph.nodes[key].config) if node_type else 0

    def is_join(self, key: str) -> bool:
        return getattr(self._type(key), "is_join", False)

    def is_loop(self, key: str) -> bool:
        return self.graph.nodes[key].is_loop

    @cached_property
    def loops(self) -> dict[str, str]:
        """The loop of each step that may run several times, the loops themselves among them."""
        return {key: loop for loop, body in self.graph.bodies.items() for key in body.nodes}

    def _type(self, key: str) -> NodeType | None:
        node = self.graph.nodes[key]
        return self[key].type if node.is_disabled else node_types.find(node.kind)


@lru_cache(maxsize=256)
def graph_of(version_id: UUID) -> PreparedGraph:
    """The prepared graph of a version; versions never change, so it is kept."""
    return PreparedGraph(Graph.from_json(WorkflowVersion.objects.values_list("graph", flat=True).get(pk=version_id)))
