"""What a workflow file is: one JSON object, and how much of everything it may hold."""

from django.utils.text import slugify

from nocode.automation.models import Workflow

FORMAT, VERSION = "nocode.workflow", 1
SUFFIX = ".workflow.json"

LARGEST = 10 * 1024**2  # bytes
MOST_NODES, MOST_EDGES, MOST_TRIGGERS, MOST_NEEDS, MOST_FIELDS = 1000, 5000, 50, 200, 500

NODE_FIELDS = ("key", "kind", "label", "config", "on_error", "max_retries", "is_disabled", "pinned", "x", "y")
TRIGGER_FIELDS = ("kind", "name", "is_active", "entry", "config")


def file_name(workflow: Workflow) -> str:
    """What the file of a workflow is called."""
    return (slugify(workflow.name)[:80] or "workflow") + SUFFIX
