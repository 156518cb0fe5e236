"""XML as objects and back. What XML can do beyond data (entities, files, addresses) is refused."""

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _

DEEPEST = 100
ATTRIBUTE, TEXT = "@", "#text"
_NAME = re.compile(r"[^\W\d][\w.-]*(:[^\W\d][\w.-]*)?")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse(text: str) -> dict[str, Any]:
    """The outermost element as an object with its name. Raises ValueError."""
    try:
        root = fromstring(text.strip().encode())
    except ParseError as error:
        raise ValueError(_("this is no XML: %s.") % error) from None
    except DefusedXmlException:
        raise ValueError(_("it declares entities, which are not read.")) from None
    return {_local(root.tag): _value(root, 0)}


def _value(element: Element, depth: int) -> Any:
    if depth > DEEPEST:
        raise ValueError(_("it is nested more than %d levels deep.") % DEEPEST)
    found: dict[str, Any] = {ATTRIBUTE + _local(name): value for name, value in element.attrib.items()}
    lists: dict[str, list] = {}
    for child in element:
        lists.setdefault(_local(child.tag), []).append(_value(child, depth + 1))
    found |= {name: values[0] if len(values) == 1 else values for name, values in lists.items()}
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    if not found:
        return text if text.strip() else ""
    return found | {TEXT: text.strip()} if text.strip() else found


def _local(name: str) -> str:
    """A name without the address of its namespace."""
    return name.rpartition("}")[2]


def write(value: Any) -> str:
    """The text of an object with one name: the outermost element. Raises ValueError."""
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(_("XML has one outermost element; give an object with one name, or name the element."))
    [(name, inner)] = value.items()
    if isinstance(inner, list):
        raise ValueError(_("XML has one outermost element, and here is a list."))
    body = tostring(_element(name, inner, 0), encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'


def _element(name: str, value: Any, depth: int) -> Element:
    if depth > DEEPEST:
        raise ValueError(_("it is nested more than %d levels deep.") % DEEPEST)
    element = Element(_checked(name))
    if not isinstance(value, dict):
        element.text = _text(value)
        return element
    for key, inner in value.items():
        if key.startswith(ATTRIBUTE):
            element.set(_checked(key[1:]), _text(inner))
        elif key == TEXT:
            element.text = _text(inner)
        else:
            element.extend([_element(key, each, depth + 1) for each in (inner if isinstance(inner, list) else [inner])])
    return element


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(_("“%s” is no name of an element: letters, digits, - and _ only, a letter first.") % name[:60])
    return name


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise ValueError(_("a list or an object stands where only text can be."))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else _NOT_XML.sub("\ufffd", str(value))
