"""Signature schemes, as tables: what others signed, and what we refuse."""

import base64
import hashlib
import hmac

import pytest

from nocode.automation.triggers.signatures import NotVerified, Received, schemes
from tests.recorded import recorded

NOW = 1_764_000_000
BODY = b'{"id": "evt_1", "text": "caf\xc3\xa9"}'
SECRET = "s3cret clé"
OPTIONS = {
    "header_name": "X-Webhook-Secret",
    "username": "ana",
    "signature_header": "X-Signature-256",
    "tolerance": 300,
}
RECORDED = recorded("webhooks")


def signed(message: bytes, key: bytes = SECRET.encode()) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def latin1(text: str) -> str:
    """A header as WSGI hands it over."""
    return text.encode().decode("latin-1")


STANDARD_KEY = bytes(range(24))
STANDARD_SECRET = "whsec_" + base64.b64encode(STANDARD_KEY).decode()
STANDARD = base64.b64encode(signed(f"m1.{NOW}.".encode() + BODY, STANDARD_KEY)).decode()
STRIPE = signed(f"{NOW}.".encode() + BODY).hex()
SLACK = signed(f"v0:{NOW}:".encode() + BODY).hex()
PLAIN = signed(BODY)
BASIC = base64.b64encode(f"ana:{SECRET}".encode()).decode()

ACCEPTED = [
    ("none", {}),
    ("header", {"x-webhook-secret": latin1(SECRET)}),
    ("basic", {"authorization": f"Basic {BASIC}"}),
    ("basic", {"authorization": f"basic  {BASIC} "}),
    ("hmac", {"x-signature-256": PLAIN.hex()}),
    ("hmac", {"x-signature-256": f"sha256={PLAIN.hex().upper()}"}),
    ("hmac", {"x-signature-256": base64.b64encode(PLAIN).decode()}),
    ("github", {"x-hub-signature-256": f"sha256={PLAIN.hex()}"}),
    ("stripe", {"stripe-signature": f"t={NOW},v1={STRIPE}"}),
    ("stripe", {"stripe-signature": f"t={NOW}, v1={'0' * 64}, v1={STRIPE}, v0=other"}),
    ("slack", {"x-slack-request-timestamp": str(NOW), "x-slack-signature": f"v0={SLACK}"}),
    (
        "standard",
        {"webhook-id": "m1", "webhook-timestamp": str(NOW), "webhook-signature": f"v1,AAAA v1,{STANDARD} v2,x"},
    ),
]
SIGNED = [(kind, headers) for kind, headers in ACCEPTED if kind in ("hmac", "github", "stripe", "slack", "standard")]
TIMED = [(kind, headers) for kind, headers in ACCEPTED if schemes[kind].signs_time]


def check(kind, headers, body=BODY, now=NOW, secret=None, **options):
    secret = secret or (STANDARD_SECRET if kind == "standard" else SECRET)
    schemes[kind].verify(secret, Received(headers, body, now), {**OPTIONS, **options})


@pytest.mark.parametrize(("kind", "headers"), ACCEPTED)
def test_a_sender_who_knows_the_secret_is_accepted(kind, headers):
    check(kind, headers)


@pytest.mark.parametrize(("kind", "headers"), ACCEPTED[1:])
def test_without_its_headers_a_call_is_refused_by_name(kind, headers):
    for missing in headers:
        with pytest.raises(NotVerified, match=rf"(?i)header {missing} is missing"):
            check(kind, {name: value for name, value in headers.items() if name != missing})


@pytest.mark.parametrize(("kind", "headers"), ACCEPTED[1:])
def test_another_secret_is_refused_without_a_hint(kind, headers):
    other = "whsec_" + base64.b64encode(b"x" * 24).decode() if kind == "standard" else "other"

    with pytest.raises(NotVerified) as refusal:
        check(kind, headers, secret=other)

    assert other not in refusal.value.message
    assert PLAIN.hex() not in refusal.value.message


@pytest.mark.parametrize(("kind", "headers"), SIGNED)
@pytest.mark.parametrize("body", [BODY + b" ", BODY[:-1], BODY.replace(b"evt_1", b"evt_2"), b""])
def test_another_body_is_refused(kind, headers, body):
    with pytest.raises(NotVerified):
        check(kind, headers, body=body)


@pytest.mark.parametrize(("kind", "headers"), TIMED)
@pytest.mark.parametrize("away", [-301, 301, 86_400])
def test_outside_the_replay_window_a_call_is_refused(kind, headers, away):
    with pytest.raises(NotVerified, match="300 seconds"):
        check(kind, headers, now=NOW + away)


@pytest.mark.parametrize(("kind", "headers"), TIMED)
def test_the_replay_window_is_a_setting(kind, headers):
    check(kind, headers, now=NOW + 300)
    check(kind, headers, now=NOW + 900, tolerance=900)


@pytest.mark.parametrize(("kind", "headers"), TIMED)
@pytest.mark.parametrize("stamp", ["yesterday", "-1", "1e9", "9" * 40, "１７６４０００００００", str(NOW + 1)])
def test_another_time_than_the_signed_one_is_refused(kind, headers, stamp):
    changed = {name: value.replace(str(NOW), latin1(stamp)) for name, value in headers.items()}

    with pytest.raises(NotVerified):
        check(kind, changed)


@pytest.mark.parametrize(
    ("kind", "header", "value"),
    [
        ("header", "x-webhook-secret", latin1(SECRET + "x")),
        ("header", "x-webhook-secret", "\xff"),
        ("basic", "authorization", "Bearer abc"),
        ("basic", "authorization", "Basic"),
        ("basic", "authorization", "Basic ***"),
        ("basic", "authorization", "Basic " + base64.b64encode(f"bob:{SECRET}".encode()).decode()),
        ("hmac", "x-signature-256", "sha256="),
        ("hmac", "x-signature-256", "é" * 64),
        ("github", "x-hub-signature-256", f"sha1={PLAIN.hex()}"),
        ("github", "x-hub-signature-256", PLAIN.hex()[:-2]),
        ("stripe", "stripe-signature", f"v1={STRIPE}"),
        ("stripe", "stripe-signature", f"t={NOW},v0={STRIPE}"),
        ("stripe", "stripe-signature", "nonsense"),
    ],
)
def test_malformed_proof_is_refused(kind, header, value):
    with pytest.raises(NotVerified):
        check(kind, {header: value})


def test_a_standard_webhooks_secret_is_base64():
    schemes["standard"].check_secret(STANDARD_SECRET)

    with pytest.raises(ValueError, match="whsec_"):
        schemes["standard"].check_secret("whsec_not base64!")


def test_slack_asks_whether_we_are_there():
    assert schemes["slack"].challenge({"type": "url_verification", "challenge": "abc"}) == "abc"
    assert schemes["slack"].challenge({"type": "event_callback"}) is None
    assert schemes["github"].challenge({"type": "url_verification", "challenge": "abc"}) is None


@pytest.mark.parametrize("delivery", RECORDED, ids=lambda delivery: delivery["id"])
class TestRecorded:
    """Deliveries signed by the vendors' own libraries."""

    def verify(self, delivery, now=None, **changes):
        delivery = {**delivery, **changes}
        received = Received(delivery["headers"], delivery["body"].encode(), now or delivery["signed_at"] or NOW)
        schemes[delivery["scheme"]].verify(delivery["secret"], received, OPTIONS)

    def test_is_accepted(self, delivery):
        self.verify(delivery)

    def test_is_refused_when_any_byte_of_the_body_changes(self, delivery):
        body = delivery["body"]
        for place in {0, len(body) // 2, len(body) - 1}:
            changed = body[:place] + chr(ord(body[place]) ^ 1) + body[place + 1 :]
            with pytest.raises(NotVerified):
                self.verify(delivery, body=changed)

    def test_is_refused_when_the_signature_changes(self, delivery):
        name = next(name for name in delivery["headers"] if "signature" in name)
        value = delivery["headers"][name]
        place = len(value) - 10
        changed = value[:place] + ("0" if value[place] != "0" else "1") + value[place + 1 :]

        with pytest.raises(NotVerified):
            self.verify(delivery, headers={**delivery["headers"], name: changed})

    def test_is_refused_outside_the_replay_window(self, delivery):
        if delivery["signed_at"] is None:
            self.verify(delivery, now=NOW + 10**6)  # GitHub signs no time
            return
        for away in (-301, 301):
            with pytest.raises(NotVerified):
                self.verify(delivery, now=delivery["signed_at"] + away)
