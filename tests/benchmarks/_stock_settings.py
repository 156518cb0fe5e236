"""django-q2 as it comes: its ORM broker and its defaults, two workers."""

from nocode.settings import *  # noqa: F403

Q_CLUSTER = {"name": "nocode", "workers": 2, "orm": "default"}
