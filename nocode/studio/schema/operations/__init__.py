"""Every change of structure there is; importing this makes them known."""

from nocode.studio.schema.operations.adopt import AdoptField, AdoptTable
from nocode.studio.schema.operations.base import Operation, from_json, operations
from nocode.studio.schema.operations.fields import AddField, ChangeField
from nocode.studio.schema.operations.indexes import AddIndex, DropIndex
from nocode.studio.schema.operations.repairs import Repair
from nocode.studio.schema.operations.retype import RetypeField
from nocode.studio.schema.operations.rule_state import SetRule
from nocode.studio.schema.operations.rules import PutRule
from nocode.studio.schema.operations.specs import NewField
from nocode.studio.schema.operations.tables import ChangeTable, CreateTable, ReorderFields
from nocode.studio.schema.operations.together import Together
from nocode.studio.schema.operations.trash import RestoreField, RestoreTable, TrashField, TrashTable

__all__ = [
    "AddField",
    "AddIndex",
    "AdoptField",
    "AdoptTable",
    "ChangeField",
    "ChangeTable",
    "CreateTable",
    "DropIndex",
    "NewField",
    "Operation",
    "PutRule",
    "Repair",
    "ReorderFields",
    "RestoreField",
    "RestoreTable",
    "RetypeField",
    "SetRule",
    "Together",
    "TrashField",
    "TrashTable",
    "from_json",
    "operations",
]
