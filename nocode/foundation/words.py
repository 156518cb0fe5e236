"""Words that people look for."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

MOST_IDS = 1000  # spelled out


def ids_by_word(
    rows: QuerySet, words: Sequence[str], columns: Sequence[str], key: str = "pk"
) -> dict[str, list[Any] | QuerySet]:
    """The ids of the rows that contain each word in one of some columns, in one query.

    For a small table that others lead to: spelled out, the ids are found through an index; in a subquery they are not.
    When more than MOST_IDS are found, each word gets the query that finds them after all.
    """
    if not words:
        return {}
    contains = {
        f"word{number}": reduce(or_, (Q(**{f"{column}__icontains": word}) for column in columns))
        for number, word in enumerate(words)
    }
    answers = {name: ExpressionWrapper(condition, BooleanField()) for name, condition in contains.items()}
    found = rows.filter(reduce(or_, contains.values())).order_by().annotate(**answers)
    told = list(found.values_list(key, *answers).distinct()[: MOST_IDS + 1])
    if len(told) > MOST_IDS:
        return {
            word: rows.filter(contains[f"word{number}"]).order_by().values(key) for number, word in enumerate(words)
        }
    return {word: list({pk for pk, *has in told if has[number]}) for number, word in enumerate(words)}
