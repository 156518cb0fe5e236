"""What a webhook's body says: JSON, a form or text. What PostgreSQL could not store, or Python could not read back, is
refused here, while the sender still listens."""

import json
import math
import re
from email.message import Message
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from django.utils.translation import gettext as _

from nocode.automation.webhooks.refusals import BadBody, TypeRefused

ACCEPTED = ["application/json", "application/*+json", "application/x-www-form-urlencoded", "text/*", "application/xml"]
MAX_DEPTH = 100
MAX_FORM_FIELDS = 1000
_JSON = re.compile(r"application/(.+\+)?json")
_TEXT = re.compile(r"text/.+|application/(.+\+)?xml")
_FORM = "application/x-www-form-urlencoded"


def check_type(content_type: str) -> None:
    """Raise TypeRefused, with the accepted types, unless a body of this type can be read."""
    name, charset = _parts_of(content_type)
    if name and not (_JSON.fullmatch(name) or _TEXT.fullmatch(name) or name == _FORM):
        raise TypeRefused(
            _("A body of type “%(type)s” is not accepted. Send one of: %(types)s.")
            % {"type": name, "types": ", ".join(ACCEPTED)},
            accepted=ACCEPTED,
        )
    try:
        "".encode(charset)
    except LookupError:
        raise TypeRefused(_("The character set “%s” is not known. Send UTF-8.") % charset, accepted=ACCEPTED) from None


def read_body(content_type: str, body: bytes) -> Any:
    """The value of a body; None when it is empty. Raises TypeRefused or BadBody."""
    check_type(content_type)
    if not body:
        return None
    name, charset = _parts_of(content_type)
    if not name:
        raise TypeRefused(
            _("The header Content-Type is missing. Send one of: %s.") % ", ".join(ACCEPTED), accepted=ACCEPTED
        )
    text = _decode(body, charset)
    if _JSON.fullmatch(name):
        return _read_json(text)
    return _read_form(text, charset) if name == _FORM else text


def read_pairs(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Fields of a form or query: a name that occurs several times becomes a list."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    return fields


@lru_cache(maxsize=256)
def _parts_of(content_type: str) -> tuple[str, str]:
    message = Message()
    message["content-type"] = content_type or ""
    name = content_type.partition(";")[0].strip().lower()
    return name, message.get_content_charset("utf-8")


def _decode(body: bytes, charset: str) -> str:
    try:
        return body.decode("utf-8-sig" if charset in ("utf-8", "utf8") else charset)
    except UnicodeDecodeError as error:
        raise BadBody(
            _("The body is not valid %(charset)s at byte %(position)d.")
            % {"charset": charset, "position": error.start},
            position=error.start,
        ) from None


def _read_form(text: str, charset: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding=charset, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise BadBody(_("The form has more than %d fields.") % MAX_FORM_FIELDS) from None
    return read_pairs(pairs)


def _read_json(text: str) -> Any:
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _not_json(text, error) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise BadBody(_("The body holds a number that cannot be stored: %s.") % error) from None
    if _depth(value) > MAX_DEPTH:
        raise _too_deep()
    return value


def _not_json(text: str, error: json.JSONDecodeError) -> BadBody:
    near = text[max(0, error.pos - 20) : error.pos + 20]
    return BadBody(
        _("The body is not valid JSON: %(problem)s at line %(line)d, column %(column)d, near “%(near)s”.")
        % {"problem": error.msg, "line": error.lineno, "column": error.colno, "near": near},
        line=error.lineno,
        column=error.colno,
        position=error.pos,
        near=near,
    )


def _too_deep() -> BadBody:
    return BadBody(_("The body is nested more than %d levels deep.") % MAX_DEPTH)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _depth(value: Any) -> int:
    """How deep lists and objects are nested, without recursion."""
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return depth
