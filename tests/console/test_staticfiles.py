"""In production every file has its fingerprint in its name, the modules that import each other too."""

import re

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder

from nocode.foundation.staticfiles import FingerprintedFiles


@pytest.fixture
def collected(tmp_path):
    """Our own files, collected as for production."""
    storage = FingerprintedFiles(location=tmp_path, base_url="/static/")
    paths = {}
    for path, source in FileSystemFinder().list([]):
        with source.open(path) as file:
            storage.save(path, file)
        paths[path] = (storage, path)
    for _original, _processed, error in storage.post_process(paths):
        if isinstance(error, Exception):
            raise error
    return tmp_path


def test_imports_name_fingerprinted_files_that_exist(collected):
    modules = list(collected.glob("js/**/*.????????????.js"))
    imports = [(module, path) for module in modules for path in re.findall(r'from "(\..*?)"', module.read_text())]

    assert len(imports) > 2
    for module, path in imports:
        assert re.search(r"\.[0-9a-f]{12}\.js$", path), f"{module.name} imports {path}"
        assert (module.parent / path).exists()


def test_no_module_is_imported_by_a_name_that_is_not_there():
    for module in (settings.BASE_DIR / "static" / "js").rglob("*.js"):
        for path in re.findall(r'(?:from|import) "(\..*?)"', module.read_text()):
            assert (module.parent / path).exists(), f"{module} imports {path}"
