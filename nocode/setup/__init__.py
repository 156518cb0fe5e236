"""Getting NoCode to run on a machine: packages, the embedded database, the processes, the tests' browser.

Settings and `manage.py` import from here before Django exists, so the modules named in pyproject's import contract use
the standard library only.
"""
