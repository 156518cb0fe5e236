"""`.env.example` lists each variable NoCode reads, once, with its default."""

import re
from collections import Counter

from nocode.settings import BASE_DIR

EXAMPLE = (BASE_DIR / ".env.example").read_text()
SOURCES = [BASE_DIR / "manage.py", *(BASE_DIR / "nocode").rglob("*.py")]
READ = re.compile(r'\b(env(?:_[a-z]+)?\(|environ\.get\(|environ\[)\s*"([A-Z][A-Z_]+)"(?:, "?([^",)]*)"?)?')
# Of others: what terminals and Django read.
NOT_OURS = {"NO_COLOR", "DJANGO_SETTINGS_MODULE"}


def test_every_variable_is_in_it_once():
    listed = Counter(re.findall(r"^# ([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE))
    read = {match[1] for source in SOURCES for match in READ.findall(source.read_text())}
    by_name = {"SUPERUSER_EMAIL", "SUPERUSER_PASSWORD"}  # constants of create_superuser

    assert set(listed) == read - NOT_OURS | by_name
    assert set(listed.values()) == {1}


def test_numbers_in_it_are_the_defaults():
    settings = (BASE_DIR / "nocode" / "settings" / "__init__.py").read_text()
    numbers = re.findall(r'env_int\("([A-Z_]+)", (\d+)[,)]', settings)

    assert len(numbers) > 5
    for name, default in numbers:
        assert re.search(rf"^# {name}={default}\b", EXAMPLE, re.MULTILINE), name
