"""Change the draft of a workflow: its steps and connections. What runs is a published version, untouched."""

from nocode.automation.services.drafts.applying import Applied, DraftConflict, apply, changes_since, revision_of
from nocode.automation.services.drafts.draft import Draft, ports_of
from nocode.automation.services.drafts.keys import KEY_LENGTH, free_key
from nocode.automation.services.drafts.restoring import restore
from nocode.automation.services.drafts.steps import (
    add_step,
    connect,
    delete_step,
    disconnect,
    duplicate_step,
    move_earlier,
    save_step,
    steps_before,
)

__all__ = [
    "KEY_LENGTH",
    "Applied",
    "Draft",
    "DraftConflict",
    "add_step",
    "apply",
    "changes_since",
    "connect",
    "delete_step",
    "disconnect",
    "duplicate_step",
    "free_key",
    "move_earlier",
    "ports_of",
    "restore",
    "revision_of",
    "save_step",
    "steps_before",
]
