"""Settings of the test suite: the product's own, with cheap password hashes and a database server of its own."""

from nocode.settings import *  # noqa: F403
from nocode.settings import DATABASES, NOCODE_HOME

NOCODE_HOME = NOCODE_HOME / "test"
if "EMBEDDED" in DATABASES["default"]:
    DATABASES["default"]["EMBEDDED"] = {"home": NOCODE_HOME, "durable": False}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]
