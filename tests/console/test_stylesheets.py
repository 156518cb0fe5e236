"""Our stylesheets hold nothing that no page uses."""

import re
from pathlib import Path

from django.conf import settings

OURS = re.compile(r"\.([abci]-[a-z][\w-]*)")
WORD = re.compile(r"[A-Za-z_][\w-]*")


def test_each_class_is_on_some_page():
    named = set()
    for folder, ending in (("templates", "html"), ("static/js", "js"), ("nocode", "py"), ("nocode", "html")):
        for file in Path(settings.BASE_DIR, folder).rglob(f"*.{ending}"):
            named.update(WORD.findall(file.read_text()))

    unused = set()
    for file in Path(settings.BASE_DIR, "static/css").glob("*.css"):
        rules = re.sub(r"/\*.*?\*/|\{[^{}]*\}", "", file.read_text(), flags=re.DOTALL)
        for each in OURS.findall(rules):
            stem = each.partition("--")[0] + "--"  # "c-pill--{{ tone }}": which tones there are, templates do not say
            if each not in named and stem not in named:
                unused.add(f"{file.name}: {each}")

    assert sorted(unused) == []
