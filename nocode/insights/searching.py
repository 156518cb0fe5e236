"""Finds words in activities: through an index of trigrams where the database has the extension, else row by row."""

from collections.abc import Iterable

from django.db import connections
from django.db.models import Q, QuerySet
from psycopg2 import sql

from nocode.foundation.models import Membership, User
from nocode.foundation.permissions import roles_of
from nocode.foundation.words import ids_by_word
from nocode.studio.schema.functions import has_trigrams

# The texts `search` compares, written as Django writes it: each of them needs an index, or none helps.
_INDEX = sql.SQL("""
    CREATE INDEX {} activity_words ON insights_useractivity USING gin (
        upper(target_label::text) gin_trgm_ops, upper(user_label::text) gin_trgm_ops, request_id gin_trgm_ops)
""")
_STATE = """
    SELECT to_regclass('insights_useractivity') IS NOT NULL,
        (SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('activity_words'))
"""


def install_index(using: str) -> None:
    """Create the index; not a matter of migrations, as a database may get the extension later, or never.

    Activities are written meanwhile, unless a transaction has begun: PostgreSQL then allows no other way.
    """
    if not has_trigrams(using):
        return
    with connections[using].cursor() as cursor:
        cursor.execute(_STATE)
        has_table, is_valid = cursor.fetchone()
        if not has_table or is_valid:
            return
        way = sql.SQL("" if connections[using].in_atomic_block else "CONCURRENTLY")
        if is_valid is False:  # building it was interrupted
            cursor.execute(sql.SQL("DROP INDEX {} activity_words").format(way))
        cursor.execute(_INDEX.format(way))


def search(user: User, activities: QuerySet, words: Iterable[str]) -> QuerySet:
    """Activities of people, or about things, whose name contains every word; or of the request with that id.

    Who is in no organization of the user any more is found by the address only.
    """
    people = User.objects.all()
    if not user.is_superuser:
        people = people.filter(pk__in=Membership.objects.filter(organization__in=list(roles_of(user))).values("user"))
    for word, named in ids_by_word(people, list(words), ["name", "email"]).items():
        activities = activities.filter(
            Q(request_id=word) | Q(user_id__in=named) | Q(user_label__icontains=word) | Q(target_label__icontains=word)
        )
    return activities
