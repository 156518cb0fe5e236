"""PostgreSQL refuses to run as root. As root we start it in a user namespace, or else as an ordinary account.

In a fresh user namespace the server sees itself as nobody while the kernel still lets it own root's files: nothing
has to be created, copied or opened up, even inside a private /root. Where namespaces are forbidden (many containers)
it becomes `postgres` or `nobody`.
"""

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nocode.setup.errors import SetupError

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """Who the server runs as. `uid` is None when it is simply us."""

    uid: int | None = None
    gid: int | None = None
    namespace: bool = False

    def become(self) -> None:
        """Turn the calling process (just forked) into this account."""
        if self.namespace:
            _libc_call("unshare", CLONE_NEWUSER)
        elif self.uid is not None:
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)

    def own(self, path: Path) -> None:
        """Give a file or folder to the account."""
        if self.uid is not None:
            os.chown(path, self.uid, self.gid)

    def reaches(self, folder: Path) -> bool:
        """Whether the account may enter a folder; a private parent (such as /root) can be in the way."""
        return self.uid is None or _in_child(lambda: self.become() or os.access(folder, os.X_OK))


def choose() -> Account:
    """The account for this machine."""
    if os.geteuid() != 0:
        return Account()
    candidates = [Account(namespace=True)] if sys.platform == "linux" else []
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        candidates.append(Account(entry.pw_uid, entry.pw_gid))
    for account in candidates:
        if _in_child(lambda account=account: account.become() or os.geteuid() != 0):
            return account
    raise SetupError(
        "PostgreSQL cannot run as root, and this machine lets root neither open a user namespace nor become\n"
        "another account. Run the command as an ordinary user, or set DATABASE_URL to a PostgreSQL server."
    )


def die_with_parent(number: int = signal.SIGINT) -> None:
    """Ask the kernel to signal the calling process when its parent dies (Linux; elsewhere the locks suffice)."""
    if sys.platform == "linux":
        _libc_call("prctl", PR_SET_PDEATHSIG, int(number))


def _libc_call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _in_child(question: Callable[[], object]) -> bool:
    """Answer a question in a child process, so that what it does to its process does not last."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if question() else 1)
        finally:
            os._exit(1)  # an error is a no; never return into the parent's code
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
