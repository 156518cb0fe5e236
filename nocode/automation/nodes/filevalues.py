"""Files on their way through a workflow: an object with a name, a type and the content as Base64."""

import base64
import re
from dataclasses import dataclass
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from nocode.automation.nodes.crypto import decoded
from nocode.automation.nodes.values import refuse, shown

LARGEST_FILE = 10 * 1024 * 1024
_PATHS = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


@dataclass(frozen=True)
class File:
    """A file in memory."""

    name: str
    type: str
    data: bytes

    def as_value(self) -> dict[str, Any]:
        """What a step gives."""
        content = base64.b64encode(self.data).decode()
        return {"name": self.name, "type": self.type, "size": len(self.data), "base64": content}


def file_of(value: Any, name: Any) -> File:
    """The file that is meant: what a step gave, Base64 of its own, or plain text. Raises the failure that says why."""
    if isinstance(value, dict) and isinstance(value.get("base64"), str):
        try:
            data = decoded(value["base64"])
        except ValueError:
            raise refuse(name, _("its content is not Base64.")) from None
        file = File(safe_name(value.get("name")), str(value.get("type") or "application/octet-stream"), data)
    elif isinstance(value, str):
        file = File("file.txt", "text/plain", value.encode("utf-8", "replace"))
    else:
        raise refuse(name, _("%s is no file: an object with “base64”, or a text.") % shown(value))
    if len(file.data) > LARGEST_FILE:
        raise refuse(name, _("the file is larger than %s.") % filesizeformat(LARGEST_FILE))
    return file


def safe_name(name: Any) -> str:
    """A name without a path."""
    return _PATHS.sub("_", str(name or "file")).strip(". ")[:150] or "file"
