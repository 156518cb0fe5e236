"""The reference of the step types is what their classes say."""

from pathlib import Path

from django.conf import settings

from nocode.automation.nodes import node_types, reference


def test_the_reference_in_docs_is_not_stale():
    written = Path(settings.BASE_DIR, "docs", "nodes.md").read_text(encoding="utf-8")

    assert written == reference.document(), "run `python3 manage.py nodes_docs`"


def test_the_reference_tells_every_setting_and_every_type():
    text = reference.document()

    for each in node_types:
        assert f"### `{each.kind}`\n" in text
        for name in each.Config.base_fields.keys() - {"for_each"}:
            assert f"| `{name}` | " in text
