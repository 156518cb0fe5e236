"""Secrets at rest: unreadable, authentic, rotatable."""

import pytest
from django.test import override_settings

from nocode.foundation.crypto import CannotDecrypt, decrypt, encrypt, rotate


@pytest.mark.parametrize("text", ["s3cret", "clé privée ✓", "x" * 10_000, "{{ not an expression }}"])
def test_a_secret_comes_back_and_is_not_visible(text):
    stored = encrypt(text)

    assert text not in stored
    assert decrypt(stored) == text


def test_nothing_stays_nothing():
    assert encrypt("") == ""
    assert decrypt("") == ""


def test_the_same_secret_never_looks_the_same():
    assert encrypt("same") != encrypt("same")


def test_a_changed_value_is_refused():
    stored = encrypt("s3cret")
    changed = stored[:-6] + ("A" if stored[-6] != "A" else "B") + stored[-5:]

    with pytest.raises(CannotDecrypt):
        decrypt(changed)


def test_a_new_key_in_front_reads_old_secrets_and_rotation_drops_the_old_key():
    with override_settings(NOCODE_ENCRYPTION_KEYS=["old key"]):
        stored = encrypt("s3cret")

    with override_settings(NOCODE_ENCRYPTION_KEYS=["new key", "old key"]):
        assert decrypt(stored) == "s3cret"
        renewed = rotate(stored)

    with override_settings(NOCODE_ENCRYPTION_KEYS=["new key"]):
        assert decrypt(renewed) == "s3cret"
        with pytest.raises(CannotDecrypt, match="NOCODE_ENCRYPTION_KEYS"):
            decrypt(stored)
