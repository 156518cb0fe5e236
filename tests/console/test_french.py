"""Everything on screen has French: our own texts, and Unfold's, which come without."""

import datetime as dt
import gettext
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import unfold
from django.conf import settings
from django.utils.formats import localize
from django.utils.translation import override
from django.utils.translation.trans_real import translation

from nocode.automation.models import WorkflowExecution
from tests.fixtures.missing import missing

CATALOGUE = Path(settings.LOCALE_PATHS[0], "fr", "LC_MESSAGES")
# Contributed parts of Unfold that are not installed here.
NOT_INSTALLED = ["guardian", "import_export", "constance", "location_field"]
EXTRACT = """
import os, sys, django
from django.conf import settings
from django.core.management import call_command
os.chdir(sys.argv[1])
settings.configure(LOCALE_PATHS=[os.path.join(sys.argv[1], "locale")], USE_I18N=True)
django.setup()
call_command("makemessages", locale=["fr"], verbosity=0)
"""


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603


@pytest.fixture
def texts_in(tmp_path):
    """The texts marked for translation in some folders, found the way `makemessages` finds them."""
    for tool in ("xgettext", "msgen", "msgfmt", "msguniq"):
        if not shutil.which(tool):
            missing(f"The gettext tools are not installed ({tool}).")

    def find(*folders: Path, ignore: tuple[str, ...] = ()) -> set:
        for folder in folders:
            skip = shutil.ignore_patterns("__pycache__", "locale", "*.js", *ignore)
            shutil.copytree(folder, tmp_path / folder.name, ignore=skip)
        (tmp_path / "locale").mkdir()
        run(sys.executable, "-c", EXTRACT, tmp_path)
        found = tmp_path / "locale/fr/LC_MESSAGES/django.po"
        run("msgen", found, "-o", tmp_path / "all.po")
        run("msgfmt", tmp_path / "all.po", "-o", tmp_path / "all.mo")
        return keys(tmp_path / "all.mo")

    return find


def keys(compiled: Path) -> set:
    """The texts of a compiled catalogue; msgfmt leaves out what is empty or fuzzy."""
    with compiled.open("rb") as file:
        return set(gettext.GNUTranslations(file)._catalog) - {""}


def has_french(text) -> bool:
    return text in translation("fr")._catalog


def test_every_text_of_ours_has_french(texts_in):
    ours = texts_in(settings.BASE_DIR / "nocode", settings.BASE_DIR / "templates")

    assert len(ours) > 300
    assert sorted(text for text in map(str, ours - keys(CATALOGUE / "django.mo"))) == []


def test_every_text_of_unfold_has_french(texts_in):
    texts = texts_in(Path(unfold.__file__).parent, ignore=tuple(NOT_INSTALLED))

    assert len(texts) > 100
    assert [text for text in texts if not has_french(text)] == []


def test_the_compiled_catalogue_is_current(tmp_path):
    if not shutil.which("msgfmt"):
        missing("The gettext tools are not installed (msgfmt).")

    run("msgfmt", "--check", CATALOGUE / "django.po", "-o", tmp_path / "django.mo")

    with (tmp_path / "django.mo").open("rb") as fresh, (CATALOGUE / "django.mo").open("rb") as committed:
        assert gettext.GNUTranslations(fresh)._catalog == gettext.GNUTranslations(committed)._catalog


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("Apply Filters", "Appliquer les filtres"),
        ("Type to search", "Rechercher"),
        ("Overview", "Vue d’ensemble"),
        ("Function", "Fonction"),
        ("Schedule Type", "Type de planification"),  # django-q2's own is misspelt
    ],
)
def test_some_words(english, french):
    assert translation("fr").gettext(english) == french


def test_dates_are_written_the_french_way():
    with override("fr"):
        assert localize(dt.datetime(2026, 11, 23, 5, 13)) == "23 nov. 2026, 05:13"


def test_executions_that_wait_for_a_worker_and_inside_a_run_are_told_apart():
    with override("fr"):
        words = [str(label) for label in WorkflowExecution.Status.labels]

    assert len(set(words)) == len(words)
