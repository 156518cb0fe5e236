#!/usr/bin/env python3
"""NoCode's command line: `up` starts everything, `test` checks everything, `help` lists the rest."""

import sys

if sys.version_info < (3, 11):  # in syntax that an old Python reads
    version = "%d.%d" % sys.version_info[:2]
    sys.exit("NoCode needs Python 3.11 or newer; this is Python " + version + ".\nTry: python3.11 manage.py up")
if sys.platform == "win32":
    sys.exit("NoCode runs on Linux and macOS. On Windows, use it inside WSL.")

if __name__ == "__main__":
    try:
        from nocode.setup.cli import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)
