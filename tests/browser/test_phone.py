"""Every page of the console on a phone: nothing moves sideways but what scrolls inside its own box."""

import pytest
from django.test import Client

from tests.console.world import addresses, make_world

pytestmark = pytest.mark.django_db(transaction=True)

SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"


def test_no_page_is_wider_than_a_phone(new_page):
    world = make_world()
    root = world.people["superuser"]
    client = Client()
    client.force_login(root)
    page = new_page(user=root, viewport={"width": 390, "height": 844}, locale="fr")  # the longer words
    wide = []

    for address in addresses(world):
        if address.name == "logout" or not _is_page(client, address.url):
            continue
        page.goto(address.url)
        if page.evaluate(SIDEWAYS) > 0:
            wide.append(address.url)
    page.problems.clear()  # what pages ask for is looked at elsewhere

    assert wide == []


def _is_page(client: Client, url: str) -> bool:
    answer = client.get(url)
    return answer.status_code == 200 and b"</html>" in getattr(answer, "content", b"")
