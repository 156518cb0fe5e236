"""What an HTTP request sends and what is made of its answer."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.automation.nodes.filevalues import File, file_of, safe_name
from nocode.automation.nodes.values import a_text, refuse
from nocode.automation.outgoing import http

BODY, PARTS = gettext_lazy("Body"), gettext_lazy("Fields")
BODIES = [
    ("", gettext_lazy("text; an object or a list as JSON")),
    ("json", gettext_lazy("JSON")),
    ("form", gettext_lazy("fields of a form")),
    ("multipart", gettext_lazy("fields of a form with files")),
    ("file", gettext_lazy("a file")),
]
ANSWERS = [
    ("", gettext_lazy("what it says it is: JSON or text")),
    ("json", gettext_lazy("JSON")),
    ("text", gettext_lazy("text")),
    ("file", gettext_lazy("a file")),
]


def content_of(settings: dict) -> tuple[Any, str]:
    """The body to be sent and its type; an empty type is left to the call."""
    kind, body = settings["body_type"], settings["body"]
    if kind in ("form", "multipart"):
        return _form(settings["parts"], with_files=kind == "multipart")
    if body in (None, ""):
        return None, ""
    if kind == "file":
        file = file_of(body, BODY)
        return file.data, file.type
    return (_json(body), "application/json") if kind == "json" else (body, "")


def _json(body: Any) -> bytes:
    """The body as JSON; a text must be JSON already."""
    if not isinstance(body, str):
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    try:
        json.loads(body)
    except (ValueError, RecursionError) as error:
        raise refuse(BODY, _("this is no JSON: %s.") % error) from None
    return body.encode()


def _form(rows: list[dict], *, with_files: bool) -> tuple[bytes, str]:
    texts: dict[str, list[str]] = {}
    files = []
    for row in rows:
        value = row["value"]
        if with_files and isinstance(value, dict) and "base64" in value:
            file = file_of(value, PARTS)
            files.append((row["name"], (file.name, file.data, file.type)))
        else:
            texts.setdefault(row["name"], []).append(a_text(value, PARTS))
    if with_files and not files:
        files = [(name, (None, text)) for name, several in texts.items() for text in several]
        texts = {}
    request = httpx.Request("POST", "http://unused.invalid", data=texts, files=files or None)
    return request.read(), request.headers.get("content-type", "application/x-www-form-urlencoded")


def read(answer: http.Answer, kind: str) -> Any:
    """The body of an answer as JSON, text or file. Raises BadAnswer."""
    if kind == "file":
        return File(_file_name(answer), answer.content_type or "application/octet-stream", answer.body).as_value()
    is_json = answer.content_type == "application/json" or answer.content_type.endswith("+json")
    return answer.json() if kind == "json" or (kind == "" and is_json and answer.body) else answer.text


def _file_name(answer: http.Answer) -> str:
    """The name the answer gives, or the end of its address."""
    for part in answer.headers.get("content-disposition", "").split(";"):
        name, _equals, value = part.strip().partition("=")
        if name.lower() == "filename":
            return safe_name(value.strip('"'))
    return safe_name(unquote(urlsplit(answer.url).path.rpartition("/")[2]))
