"""Finds words in activities: through an index of trigrams where the database has the extension, else row by row."""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db import connections
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from nocode.foundation.models import User
from nocode.studio.schema.functions import has_trigrams

# The texts `search` compares, written as Django writes it: each of them needs an index, or none helps.
_INDEX = """
    CREATE INDEX IF NOT EXISTS activity_words ON insights_useractivity USING gin (
        upper(target_label::text) gin_trgm_ops, upper(user_label::text) gin_trgm_ops, request_id gin_trgm_ops)
"""


def install_index(using: str) -> None:
    """Create the index; not a matter of migrations, as a database may get the extension later, or never."""
    if has_trigrams(using):
        with connections[using].cursor() as cursor:
            cursor.execute(_INDEX)


def search(activities: QuerySet, words: Iterable[str]) -> QuerySet:
    """Activities of people, or about things, whose name contains every word; or of the request with that id."""
    for word, people in _people(list(words)).items():
        activities = activities.filter(
            Q(request_id=word)
            | Q(user_id__in=people)
            | Q(user=None, user_label__icontains=word)
            | Q(target_label__icontains=word)
        )
    return activities


def _people(words: list[str]) -> dict[str, list[int]]:
    """The ids of those whose name contains each word, in one query; spelled out, as no index helps a subquery."""
    if not words:
        return {}
    named = {f"word{number}": Q(name__icontains=word) | Q(email__icontains=word) for number, word in enumerate(words)}
    found = User.objects.filter(reduce(or_, named.values())).order_by()
    answers = {name: ExpressionWrapper(condition, BooleanField()) for name, condition in named.items()}
    rows = list(found.annotate(**answers).values_list("pk", *answers))
    return {word: [pk for pk, *has in rows if has[number]] for number, word in enumerate(words)}
