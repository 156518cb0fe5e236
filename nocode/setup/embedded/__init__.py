"""The PostgreSQL that comes with NoCode, for when no DATABASE_URL is set.

client.py   what every process does before it connects
keeper.py   the process that owns the server
server.py   create, start, stop · account.py how root runs it · processes.py leftovers of a killed one
roles.py    what needs its superuser · binaries.py where its programs are · layout.py its files
"""

from functools import cache
from pathlib import Path

from nocode.setup.embedded.client import Client


@cache
def client_for(home: Path, durable: bool = True) -> Client:
    """This process's client for one NOCODE_HOME: the same one each time, for it holds the lock."""
    return Client(home, durable=durable)
