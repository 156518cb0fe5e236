"""Change the draft of a workflow: its steps and connections. What runs is a published version, untouched."""

from nocode.automation.services.drafts.draft import ports_of
from nocode.automation.services.drafts.keys import KEY_LENGTH
from nocode.automation.services.drafts.steps import (
    add_step,
    connect,
    delete_step,
    disconnect,
    duplicate_step,
    free_key,
    move_earlier,
    save_step,
    steps_before,
)

__all__ = [
    "KEY_LENGTH",
    "add_step",
    "connect",
    "delete_step",
    "disconnect",
    "duplicate_step",
    "free_key",
    "move_earlier",
    "ports_of",
    "save_step",
    "steps_before",
]
