"""Steps that compute what proves or hides nothing by itself: hashes, signatures, random values, encodings."""

import base64
import binascii
import hashlib
import hmac
import secrets
import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes.base import Example, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField
from nocode.automation.nodes.values import a_text, given, refuse, source_field
from nocode.automation.outgoing.concealing import MASK
from nocode.foundation.ids import uuid7

DATA = _("Data")
HASHES = [("sha256", "SHA-256"), ("sha512", "SHA-512"), ("sha3_256", "SHA3-256"), ("sha1", "SHA-1"), ("md5", "MD5")]
WRITTEN = [("hex", _("hexadecimal")), ("base64", "Base64")]


def _written(digest: bytes, way: str) -> str:
    return digest.hex() if way == "hex" else base64.b64encode(digest).decode()


class CryptoNode(NodeType):
    """Shared by them: the data is text, as UTF-8."""

    family = Family.DATA
    gives = _("A text.")

    def bytes_of(self, settings: dict, step: Step) -> bytes:
        return a_text(given(settings, "data", step), DATA).encode("utf-8", "replace")


def _hash_field() -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Kind"), choices=HASHES, initial="sha256")


def _written_field() -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Written as"), choices=WRITTEN, initial="hex")


@node_types.register
class Hash(CryptoNode):
    kind, label, icon = "crypto.hash", _("Hash"), "fingerprint"
    summary = _("The fingerprint of a text: the same text has the same one, and nobody reads the text from it.")
    example = Example({"algorithm": "md5"}, "abc", "900150983cd24fb0d6963f7d28e17f72")

    class Config(ConfigForm):
        data = source_field(DATA)
        algorithm = _hash_field()
        written = _written_field()

    def run(self, settings: dict, step: Step) -> str:
        digest = hashlib.new(settings["algorithm"], self.bytes_of(settings, step), usedforsecurity=False).digest()
        return _written(digest, settings["written"])


@node_types.register
class Sign(CryptoNode):
    kind, label, icon = "crypto.hmac", _("Sign with a key (HMAC)"), "key"
    summary = _("The signature of a text, made with a key that the other side knows, too.")
    example = Example(
        {"key": "key", "data": "The quick brown fox jumps over the lazy dog"},
        None,
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
    )

    class Config(ConfigForm):
        data = source_field(DATA)
        key = TextField(label=_("Key"), max_length=4000, strip=False, help_text=_("Not shown in executions."))
        algorithm = _hash_field()
        written = _written_field()

    def redact(self, settings: dict) -> dict:
        return {**settings, "key": MASK}

    def run(self, settings: dict, step: Step) -> str:
        digest = hmac.new(settings["key"].encode(), self.bytes_of(settings, step), settings["algorithm"]).digest()
        return _written(digest, settings["written"])


_RANDOM = {
    "uuid": (_("UUID"), lambda _settings: str(uuid.uuid4())),
    "uuid7": (_("UUID that sorts by time"), lambda _settings: str(uuid7())),
    "letters": (
        _("letters and digits"),
        lambda settings: "".join(secrets.choice(_LETTERS) for _each in range(settings["length"])),
    ),
    "digits": (
        _("digits"),
        lambda settings: "".join(secrets.choice("0123456789") for _each in range(settings["length"])),
    ),
    "number": (
        _("whole number"),
        lambda settings: settings["least"] + secrets.randbelow(settings["most"] - settings["least"] + 1),
    ),
}
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without those that look alike


@node_types.register
class Random(CryptoNode):
    kind, label, icon = "crypto.random", _("Random value"), "casino"
    summary = _("A value nobody can guess: a UUID, a code, a number.")
    gives = _("A text; a number for “whole number”.")

    class Config(ConfigForm):
        what = forms.ChoiceField(
            label=_("What"), choices=[(name, label) for name, (label, _make) in _RANDOM.items()], initial="uuid"
        )
        length = forms.IntegerField(
            label=_("Length of a code"), required=False, min_value=1, max_value=1000, initial=16
        )
        least = forms.IntegerField(
            label=_("Smallest number"), required=False, initial=1, min_value=-(2**53), max_value=2**53
        )
        most = forms.IntegerField(
            label=_("Largest number"), required=False, initial=100, min_value=-(2**53), max_value=2**53
        )

    def run(self, settings: dict, step: Step) -> Any:
        filled = {name: self.Config.base_fields[name].initial for name in ("length", "least", "most")}
        filled |= {name: value for name, value in settings.items() if value is not None}
        if filled["most"] < filled["least"]:
            raise refuse(self.Config.base_fields["most"].label, gettext("it is smaller than the smallest number."))
        return _RANDOM[settings["what"]][1](filled)


@node_types.register
class Base64(CryptoNode):
    kind, label, icon = "crypto.base64", _("Base64"), "data_object"
    summary = _("Write a text as Base64, as many services want it, or read it from there.")
    example = Example({"direction": "write"}, "Grüße", "R3LDvMOfZQ==")

    class Config(ConfigForm):
        data = source_field(DATA)
        direction = forms.ChoiceField(
            label=_("Do"), choices=[("write", _("write as Base64")), ("read", _("read from Base64"))], initial="write"
        )
        for_addresses = forms.BooleanField(label=_("For addresses: - and _ instead of + and /"), required=False)

    def run(self, settings: dict, step: Step) -> str:
        data = self.bytes_of(settings, step)
        if settings["direction"] == "write":
            return (base64.urlsafe_b64encode if settings["for_addresses"] else base64.b64encode)(data).decode()
        try:
            return decoded(data.decode()).decode()
        except UnicodeDecodeError:
            raise refuse(DATA, gettext("what it holds is no text.")) from None
        except ValueError:
            raise refuse(DATA, gettext("this is not Base64.")) from None


def decoded(text: str) -> bytes:
    """What Base64 of either alphabet holds, with or without line breaks and its ending. Raises ValueError."""
    packed = "".join(text.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
