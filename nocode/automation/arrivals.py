"""The one way in for files: whose they are is seen in them."""

from dataclasses import dataclass, field
from typing import Any

from nocode.automation.models import Workflow, WorkflowImport
from nocode.automation.n8n import reading
from nocode.automation.n8n.converting import convert
from nocode.automation.n8n.reading import is_export
from nocode.automation.transfer import checking
from nocode.automation.transfer.bringing import bring
from nocode.automation.transfer.remarks import Remark
from nocode.foundation.models import Organization, User
from nocode.studio.errors import ImportRefused
from nocode.studio.models import Project


@dataclass
class Arrival:
    """A file that was read: an outline that can be brought in, and what to say about it."""

    outline: dict[str, Any]
    source: str = WorkflowImport.Source.FILE
    remarks: list[Remark] = field(default_factory=list)


def read(content: bytes) -> Arrival:
    """A workflow file of ours or of n8n. Raises ImportRefused with all that is wrong."""
    value = checking.parse(content)
    if not is_export(value):
        return Arrival(checking.check(value))
    try:
        converted = convert(reading.read(value))
    except (TypeError, ValueError, LookupError, AttributeError) as error:  # a shape that n8n itself never writes
        raise ImportRefused(reading.misshapen()) from error
    outline = checking.check(converted.outline)
    return Arrival(outline, WorkflowImport.Source.N8N, converted.remarks)


def receive(
    content: bytes,
    organization: Organization,
    *,
    project: Project | None = None,
    make_tables: bool = False,
    name: str = "",
    user: User | None = None,
) -> Workflow:
    """Make a workflow of a file. Raises ImportRefused or LimitReached; then nothing was made."""
    arrival = read(content)
    return bring(
        arrival.outline,
        organization,
        project=project,
        make_tables=make_tables,
        name=name.strip(),
        user=user,
        source=arrival.source,
        remarks=arrival.remarks,
    )
