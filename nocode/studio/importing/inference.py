"""Which type fits a column of texts: asked of PostgreSQL, which will have to convert them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from psycopg2 import sql

from nocode.studio.fields import FieldType, field_types
from nocode.studio.importing.staging import Staging, cell


@dataclass(frozen=True)
class Guess:
    """A type a column may have, and how its texts look then.

    The look is narrower than what the type understands, so that nothing is lost that was meant as text: the zeros in
    front of a postal code, the plus of a telephone number, ones and noughts that count.
    """

    kind: str
    look: str

    @property
    def type(self) -> FieldType:
        return field_types[self.kind]


GUESSES = (
    Guess("integer", r"^-?(0|[1-9][0-9]*)$"),
    Guess("decimal", r"^-?((0|[1-9][0-9]*)([.,][0-9]+)?|[.,][0-9]+)$"),
    Guess("boolean", r"^[[:alpha:]]+$"),
    Guess("date", r"^[0-9]{4}[-/.]"),
    Guess("datetime", r"^[0-9]{4}[-/.].*:"),
    Guess("time", r"^[0-9]{1,2}:"),
    Guess("uuid", r"^[0-9a-fA-F]{8}-"),
    Guess("email", r"@"),
    Guess("url", r"^https?://"),
    Guess("text", r""),
)
WIDER = {"integer": "decimal", "date": "datetime", "text": "long_text"}  # where to go when some value does not fit
LAST = "long_text"


@cache
def default_settings(kind: str) -> dict[str, Any]:
    """The settings of a new field of this type."""
    form_class = field_types[kind].Config
    form = form_class({name: field.initial for name, field in form_class.base_fields.items()})
    form.full_clean()
    return form.cleaned_data


def guess(columns: Sequence[Sequence[str]]) -> list[str]:
    """The type of each column of a sample: the first that takes all of its texts; text when there are none."""
    if not columns:
        return []
    questions = [
        sql.SQL("SELECT {} FROM unnest({}::text[]) AS t (v) WHERE public.nocode_trim(v) <> ''").format(
            sql.SQL(", ").join(_fits(each, sql.SQL("v")) for each in _guesses()), sql.Literal(list(texts))
        )
        for texts in columns
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(" UNION ALL ").join(questions))
        answers = cursor.fetchall()
    kinds = [each.kind for each in _guesses()]
    return [
        "text" if answer[0] is None else next((kind for kind, fits in zip(kinds, answer, strict=True) if fits), LAST)
        for answer in answers
    ]


def confirm(staging: Staging, guessed: dict[int, str]) -> dict[int, str]:
    """The guessed types of columns (by index), made wider where the whole column shows that they do not fit."""
    by_kind = {each.kind: each for each in _guesses()}
    steps = [(index, kind) for index, first in guessed.items() for kind in _chain(first) if kind in by_kind]
    if not steps:
        return guessed
    questions = [_fits(by_kind[kind], sql.SQL("s.{}").format(cell(index)), or_blank=True) for index, kind in steps]
    with connection.cursor() as cursor:
        statement = sql.SQL("SELECT {} FROM {} AS s").format(sql.SQL(", ").join(questions), staging.target)
        cursor.execute(statement)
        answers = cursor.fetchone()
    fitting: dict[int, str] = {}
    for (index, kind), fits in zip(steps, answers, strict=True):
        if fits or fits is None:
            fitting.setdefault(index, kind)
    return {index: fitting.get(index, LAST) for index in guessed}


def _guesses() -> Iterable[Guess]:
    return [each for each in GUESSES if each.kind in field_types]


def _chain(kind: str) -> list[str]:
    """A type and the wider ones to try after it; long text, which takes everything, goes without saying."""
    chain = [kind]
    while chain[-1] in WIDER and WIDER[chain[-1]] not in ("long_text",):
        chain.append(WIDER[chain[-1]])
    return chain if "text" in chain else [*chain, "text"]


def _fits(each: Guess, text: sql.Composable, *, or_blank: bool = False) -> sql.Composable:
    """Whether all texts look like the type and mean something in it."""
    value = each.type.from_text(text, default_settings(each.kind))
    test = sql.SQL("{} IS NOT NULL").format(value)
    if each.look:
        trimmed = sql.SQL("public.nocode_trim({})").format(text)
        test = sql.SQL("({} ~ {} AND {})").format(trimmed, sql.Literal(each.look), test)
    if or_blank:
        test = sql.SQL("({0} IS NULL OR public.nocode_trim({0}) = '' OR {1})").format(text, test)
    return sql.SQL("bool_and({})").format(test)
