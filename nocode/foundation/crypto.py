"""Keeps secrets unreadable in the database.

The first of `NOCODE_ENCRYPTION_KEYS` encrypts, every one decrypts: put a new key in front, call `rotate_keys`, then
drop the old key.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError


class CannotDecrypt(NoCodeError):
    """This secret cannot be read."""


def encrypt(text: str) -> str:
    """Cipher text for the database; empty stays empty."""
    return _cipher().encrypt(text.encode()).decode() if text else ""


def decrypt(stored: str) -> str:
    """The text that `encrypt` was given. Raises CannotDecrypt when its key is gone or the value was changed."""
    if not stored:
        return ""
    try:
        return _cipher().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise CannotDecrypt(
            _("This secret was encrypted with a key that is not in NOCODE_ENCRYPTION_KEYS. Enter it again.")
        ) from None


def rotate(stored: str) -> str:
    """The same secret under the first key. Raises CannotDecrypt."""
    return encrypt(decrypt(stored))


def is_current(stored: str) -> bool:
    """Whether a secret is encrypted with the first key."""
    try:
        _cipher_of(tuple(settings.NOCODE_ENCRYPTION_KEYS[:1])).decrypt(stored.encode())
    except InvalidToken:
        return False
    return True


def _cipher() -> MultiFernet:
    return _cipher_of(tuple(settings.NOCODE_ENCRYPTION_KEYS))


@lru_cache(maxsize=8)
def _cipher_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_fernet_key(key)) for key in keys])


def _fernet_key(key: str) -> bytes:
    """Any long random text serves as a key; Fernet wants 32 bytes."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"nocode secrets").derive(key.encode())
    return base64.urlsafe_b64encode(derived)
