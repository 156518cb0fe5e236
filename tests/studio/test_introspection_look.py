"""The look at a schema before it is taken over: it reads the first rows of each table, however many there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nocode.studio.introspection.planning import plan
from tests.studio import takeover


@pytest.mark.django_db
def test_a_table_of_pairs_is_not_read_from_end_to_end():
    with connection.cursor() as cursor:
        cursor.execute(takeover.SHOP)
    with CaptureQueriesContext(connection) as queries:
        looked = plan("shop", most=2)

    [pairs] = looked.links
    asked = [each["sql"] for each in queries if '"item_label"' in each["sql"]]
    assert (pairs.rows, looked.is_whole, plan("shop", most=None).links[0].rows) == (2, False, 3)
    assert len(asked) == 2  # the most links of the first column, and the rows
    assert all("LIMIT 2" in each for each in asked)
