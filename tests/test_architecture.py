"""Who may import whom: the contracts in pyproject.toml hold."""

from importlinter.cli import lint_imports

from nocode.settings import BASE_DIR


def test_modules_import_downwards_only(monkeypatch, capsys):
    monkeypatch.chdir(BASE_DIR)

    broken = lint_imports(no_cache=True)

    assert not broken, capsys.readouterr().out
