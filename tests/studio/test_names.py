"""Labels are free; physical names are plain, short and unique."""

import json
import re

import pytest
from django.db import connection

from nocode.studio.errors import NameRefused
from nocode.studio.schema import names


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Clients", "clients"),
        ("  Été   à Paris ", "ete_a_paris"),
        ("2024 sales", "table_2024_sales"),
        ("order", "table_order"),
        ("Users'; DROP TABLE x; --", "users_drop_table_x"),
        ("顧客", "table"),
        ("ﬁnance №1", "finance_no1"),
        ("a" * 100, "a" * 63),
    ],
)
def test_table_name_is_plain(label, expected):
    assert names.table_name(label, ()) == expected


def test_names_are_unique_within_63_bytes():
    taken = {"a" * 63, "a" * 61 + "_2"}

    assert names.table_name("a" * 80, taken) == "a" * 61 + "_3"


@pytest.mark.parametrize("label", ["id", "Created at", "updated_at", "xmin", "ctid", "select"])
def test_column_name_leaves_system_columns_and_keywords_alone(label):
    assert names.column_name(label, ()).startswith("field_")


@pytest.mark.django_db
def test_every_reserved_word_of_the_server_is_known():
    with connection.cursor() as cursor:
        cursor.execute("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')")
        reserved = {word for (word,) in cursor.fetchall()}

    assert reserved - names.KEYWORDS == set()


@pytest.mark.parametrize("label", ["", "   ", "\u200b", "\t\n", "a\x00b", "a\ud800b", "x" * 151])
def test_label_nobody_can_read_is_refused(label):
    with pytest.raises(NameRefused):
        names.clean_label(label)


def test_naughty_labels_become_plain_names(shared_data):
    for label in json.loads((shared_data / "strings" / "blns" / "blns.json").read_text()):
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,62}", names.column_name(label, ()))
        assert re.fullmatch(r"p_[a-z0-9_]{8,61}", names.schema_name(label, "0123abcd"))
