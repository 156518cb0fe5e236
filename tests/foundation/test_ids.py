"""Ids that sort by creation time."""

from nocode.foundation.ids import uuid7


def test_ids_of_one_process_grow_also_within_a_millisecond():
    ids = [uuid7() for _number in range(5000)]

    assert ids == sorted(set(ids))
