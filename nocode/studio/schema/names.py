"""From what people type to what PostgreSQL sees: labels are free, physical names are plain, short and unique."""

import re
import unicodedata
from collections.abc import Collection

from django.utils.translation import gettext as _

from nocode.studio.errors import NameRefused

LABEL_MAX = 150
NAME_MAX = 63  # PostgreSQL cuts longer identifiers without a word
SYSTEM_COLUMNS = ("id", "created_at", "updated_at")
_HIDDEN_COLUMNS = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")

# Words PostgreSQL does not take as a bare table or column name. We always quote; people who write SQL need not.
_WORDS = (
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate "
    "collation column concurrently constraint create cross current_catalog current_date current_role current_schema "
    "current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch "
    "for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral "
    "leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer "
    "overlaps placing primary references returning right select session_user similar some symmetric system_user "
    "table tablesample then to trailing true union unique user using variadic verbose when where window with"
)
KEYWORDS = frozenset(_WORDS.split())


def clean_label(label: str) -> str:
    """The label with tidy spaces. Raises NameRefused when nobody could read it or PostgreSQL could not keep it."""
    label = " ".join(str(label).split())
    categories = {unicodedata.category(character) for character in label}
    if "\x00" in label or "Cs" in categories:
        raise NameRefused(_("A name cannot contain a NUL character or half of a surrogate pair."))
    if not any(category[0] not in "CZ" for category in categories):
        raise NameRefused(_("Give it a name that can be read."))
    if len(label) > LABEL_MAX:
        raise NameRefused(
            _("“%(label)s…” is too long: a name has at most %(max)d characters.")
            % {"label": label[:30], "max": LABEL_MAX}
        )
    return label


def slug(label: str) -> str:
    """Lower-case ASCII letters, digits and single underscores; may be empty."""
    ascii_only = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    return _NOT_PLAIN.sub("_", ascii_only.lower()).strip("_")


def table_name(label: str, taken: Collection[str]) -> str:
    """A physical name for a table."""
    return _unique(_safe(slug(label), "table", KEYWORDS), taken)


def column_name(label: str, taken: Collection[str]) -> str:
    """A physical name for a column; never one of the columns every table has."""
    return _unique(_safe(slug(label), "field", KEYWORDS.union(SYSTEM_COLUMNS, _HIDDEN_COLUMNS)), taken)


def schema_name(label: str, short_id: str) -> str:
    """A physical name for a project's schema."""
    return "_".join(filter(None, ["p", slug(label)[:40].strip("_"), short_id]))


def _safe(name: str, prefix: str, reserved: Collection[str]) -> str:
    if not name:
        return prefix
    return f"{prefix}_{name}" if name[0].isdigit() or name in reserved else name


def _unique(name: str, taken: Collection[str]) -> str:
    """`name`, else `name_2`, `name_3` …, always within the length PostgreSQL keeps."""
    candidate, number = name[:NAME_MAX].rstrip("_"), 1
    while candidate in taken:
        number += 1
        suffix = f"_{number}"
        candidate = name[: NAME_MAX - len(suffix)].rstrip("_") + suffix
    return candidate
