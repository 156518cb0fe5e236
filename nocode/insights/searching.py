"""Finds words in activities: through an index of trigrams where the database has the extension, else row by row."""

from collections.abc import Iterable

from django.db import connections
from django.db.models import Q, QuerySet

from nocode.foundation.models import User
from nocode.foundation.words import ids_by_word
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
    for word, people in ids_by_word(User.objects.all(), list(words), ["name", "email"]).items():
        activities = activities.filter(
            Q(request_id=word)
            | Q(user_id__in=people)
            | Q(user=None, user_label__icontains=word)
            | Q(target_label__icontains=word)
        )
    return activities
