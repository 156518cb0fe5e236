"""`user_post_save`: a new person is told in the log, once."""

import logging

import pytest
from django.core import serializers

from nocode.foundation.models import User
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(caplog):
    """The lines written since."""
    caplog.set_level(logging.INFO, logger="nocode.foundation.signals.user_signals")
    return lambda: [(line.levelname, line.getMessage()) for line in caplog.records if "New user" in line.getMessage()]


def test_a_new_person_is_told_once(told):
    ada = make_user("ada@example.com")
    ada.name = "Ada"
    ada.save()

    assert told() == [("INFO", "New user created: ada@example.com")]


def test_a_person_loaded_from_a_fixture_is_not_new(told):
    ada = serializers.serialize("json", [User(pk=7, email="ada@example.com", password="!")])
    for each in serializers.deserialize("json", ada):
        each.save()

    assert User.objects.filter(email="ada@example.com").exists()
    assert told() == []
