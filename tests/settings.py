"""Settings of the test suite: the product's own, with cheap password hashes."""

from nocode.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]
