#!/usr/bin/env python3
"""NoCode's command line: `up` starts everything, `test` checks everything, `help` lists the rest."""

import sys

if sys.version_info < (3, 11):  # plain syntax above this line: an old Python must get as far as this message
    sys.exit(
        "NoCode needs Python 3.11 or newer; this is Python %d.%d.\nTry: python3.11 manage.py up" % sys.version_info[:2]
    )
if sys.platform == "win32":
    sys.exit("NoCode runs on Linux and macOS. On Windows, use it inside WSL.")

from nocode.setup.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
