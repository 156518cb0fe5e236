"""Several values in one text: what stands between them, and how a list is written so that it is read back the same."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from nocode.foundation.json_text import read_json

COMMA, SEMICOLON, LINE_END, NOTHING = "comma", "semicolon", "line", "none"
# Regular expressions that Python and PostgreSQL read alike; nothing parts a text that is one value as a whole.
BETWEEN: Mapping[str, str] = MappingProxyType({COMMA: ",", SEMICOLON: ";", LINE_END: "[\n\r]+", NOTHING: ""})
_JSON_STARTS = ("[", "{")
_PARTING = re.compile(r"[,;\n\r]")


def guess(texts: Iterable[str]) -> str:
    """What most likely stands between the values in these texts; lists in JSON say it themselves."""
    plain = [text for text in texts if not text.lstrip().startswith("[")]
    if any("\n" in text.strip() for text in plain):
        return LINE_END
    return SEMICOLON if any(";" in text for text in plain) else COMMA


def parts(text: str, separator: str) -> list[str]:
    """The texts between separators. Raises ValidationError for JSON that cannot be read."""
    if text.strip().startswith("["):
        return read_json(text)
    return re.split(BETWEEN[separator], text) if BETWEEN[separator] else [text]


def written(texts: Sequence[str]) -> str:
    """Texts as one: between commas, or as JSON where one of them holds what would part it."""
    if any(_PARTING.search(text) or _is_misread(text) for text in texts):
        return json.dumps(list(texts), ensure_ascii=False)
    return ", ".join(texts)


def written_whole(text: str) -> str:
    """One text that is no list, for a reader who also takes JSON."""
    return json.dumps([text], ensure_ascii=False) if _is_misread(text) else text


def _is_misread(text: str) -> bool:
    return text.startswith(_JSON_STARTS) or text != text.strip() or not text
