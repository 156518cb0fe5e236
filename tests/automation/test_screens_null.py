"""NUL, which PostgreSQL keeps in no text, is refused at the field somebody typed it in."""

import pytest

from nocode.automation.models import Node
from tests.automation.screens import make_office
from tests.factories import make_node, make_workflow

pytestmark = pytest.mark.django_db

REFUSAL = b"Null characters are not allowed."
STEP = {"label": "Greet", "key": "greet", "on_error": "stop", "max_retries": "0"}
ROW = {"config-values-name": "x", "config-values-value": "1", "config-values-type": ""}


@pytest.fixture
def node():
    office = make_office()
    node = make_node(make_workflow(office.organization), "greet", "set", label="Greet")
    node.client = office.client("owner")
    return node


def save(node: Node, **typed: str):
    return node.client.post(f"/admin/automation/node/{node.pk}/change/", STEP | ROW | typed)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", "Gr\x00eet"),
        ("key", "gr\x00eet"),
        ("config-values-name", "x\x00"),
        ("config-values-value", "\x00"),
        ("config-values-value", "{{ trigger.x }}\x00"),
    ],
)
def test_a_step_is_not_saved_with_a_null_character(node, field, value):
    answer = save(node, **{field: value})

    assert answer.status_code == 200
    assert REFUSAL in answer.content
    saved = Node.objects.get(pk=node.pk)
    assert (saved.label, saved.key, saved.config) == ("Greet", "greet", node.config)


def test_without_it_the_step_is_saved(node):
    assert save(node, label="Hello").status_code == 302
    assert Node.objects.get(pk=node.pk).label == "Hello"
