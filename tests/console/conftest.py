"""What the console's tests share."""

from collections.abc import Callable

import pytest
from django.test import Client

from nocode.foundation.models import User
from tests.console.world import World, make_world


@pytest.fixture
def world(db) -> World:
    return make_world()


@pytest.fixture
def as_person(world) -> Callable[[str], Client]:
    """A client logged in as one of the world's people."""
    return lambda who: log_in(world.people[who])


def log_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
