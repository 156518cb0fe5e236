"""Outgoing HTTP against real servers on loopback; private addresses are opened one by one through the setting."""

import gzip
import json
import threading
import time
import tracemalloc
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import override_settings

from nocode.automation.errors import PermanentFailure, TransientFailure
from nocode.automation.outgoing import http
from nocode.automation.outgoing.addresses import is_public, may_reach, parse

REFUSED = [
    "127.0.0.1", "127.8.8.8", "0.1.2.3", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254",
    "192.0.0.8", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "192.88.99.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "::127.0.0.1", "2001:0:53aa:64c:0:fbff:80ff:fffe",
]  # fmt: skip
ALLOWED = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"]


@pytest.mark.parametrize("address", REFUSED)
def test_inner_addresses_are_not_public(address):
    assert not is_public(parse(address))


@pytest.mark.parametrize("address", ALLOWED)
def test_addresses_of_the_internet_are_public(address):
    assert is_public(parse(address))


@pytest.mark.parametrize(
    ("rule", "reached"),
    [
        ("intranet.example", True),
        ("INTRANET.example.", True),
        ("intranet.example:8000", True),
        ("intranet.example:8001", False),
        ("other.example", False),
        ("10.0.0.0/8", True),
        ("10.0.0.7", True),
        ("10.0.0.7:8000", False),  # names the host that was typed, and that was a name
        ("10.1.0.0/16", False),
    ],
)
def test_a_setting_opens_a_host_a_port_or_a_network(rule, reached):
    assert may_reach("intranet.example", 8000, parse("10.0.0.7"), [rule]) is reached


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, self.rfile.read(length)))
        self.server.answer(self)

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815

    def log_message(self, *args):
        pass

    def reply(self, status=200, body=b"ok", **headers):
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serve(answer):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.answer = [], answer
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()


@pytest.fixture
def loopback():
    with override_settings(OUTGOING_HTTP_ALLOW=["127.0.0.0/8"]):
        yield


def test_a_call_sends_what_it_was_given_and_reads_the_answer(loopback):
    with serve(lambda request: request.reply(201, b'{"id": 7}', content_type="application/json")) as server:
        answer = http.call(
            "post",
            f"{server.url}/orders?a=1",
            headers={"X-Key": "k", "Host": "evil.example", "Content-Length": "3"},
            query={"b": ["2", "3"], "none": None},
            body={"total": "12,50 €"},
            idempotency_key="run-1",
        )

    method, path, headers, body = server.seen[0]
    assert (method, path) == ("POST", "/orders?a=1&b=2&b=3")
    assert json.loads(body) == {"total": "12,50 €"}
    assert headers["x-key"] == "k"
    assert headers["idempotency-key"] == "run-1"
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{server.server_port}"
    assert (answer.status, answer.json(), answer.content_type) == (201, {"id": 7}, "application/json")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "127.1",
        "[::ffff:127.0.0.1]",
        "0",
    ],
)
@override_settings(OUTGOING_HTTP_ALLOW=[])
def test_every_spelling_of_loopback_is_refused_before_anything_is_sent(host):
    with serve(lambda request: request.reply()) as server:
        with pytest.raises(http.AddressRefused, match="OUTGOING_HTTP_ALLOW"):
            http.call("GET", f"http://{host}:{server.server_port}/")

        assert server.seen == []


@override_settings(OUTGOING_HTTP_ALLOW=["127.0.0.1/32"])
def test_a_name_that_changes_its_address_is_resolved_once():
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])

    with serve(lambda request: request.reply()) as server:
        answer = http.call(
            "GET", f"http://rebind.example:{server.server_port}/", resolve=lambda host, port: next(answers)
        )

    assert answer.status == 200
    assert next(answers) == ["169.254.169.254"]  # nobody asked a second time


@override_settings(OUTGOING_HTTP_ALLOW=["intranet.example"])
def test_the_connection_goes_to_the_resolved_address_and_the_name_stays():
    with serve(lambda request: request.reply()) as server:
        http.call("GET", f"http://intranet.example:{server.server_port}/", resolve=lambda host, port: ["127.0.0.1"])

        assert server.seen[0][2]["host"] == f"intranet.example:{server.server_port}"


@override_settings(OUTGOING_HTTP_ALLOW=["127.0.0.0/8"])
def test_an_address_that_does_not_answer_leaves_time_for_the_next():
    with serve(lambda request: request.reply()) as server:
        answer = http.call(
            "GET",
            f"http://two.example:{server.server_port}/",
            resolve=lambda host, port: ["10.0.0.1", "127.0.0.2", "127.0.0.1"],
        )

        assert answer.status == 200


@override_settings(OUTGOING_HTTP_ALLOW=["front.example"])
def test_a_redirect_obeys_the_same_rule():
    def answer(request):
        request.reply(302, b"", location=f"http://127.0.0.1:{request.server.server_port}/inner")

    with serve(answer) as server:
        with pytest.raises(http.AddressRefused):
            http.call("GET", f"http://front.example:{server.server_port}/", resolve=lambda host, port: ["127.0.0.1"])

        assert [path for _, path, _, _ in server.seen] == ["/"]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.com/", "gopher://x"])
def test_a_redirect_to_another_scheme_is_refused(loopback, location):
    with serve(lambda request: request.reply(302, b"", location=location)) as server, pytest.raises(PermanentFailure):
        http.call("GET", server.url)


@override_settings(OUTGOING_HTTP_ALLOW=["one.example", "two.example"])
def test_credentials_stay_behind_when_a_redirect_leaves_the_origin():
    def answer(request):
        if request.headers["host"].startswith("one") and request.path == "/":
            return request.reply(302, b"", location="/same")
        if request.headers["host"].startswith("one"):
            return request.reply(307, b"", location=f"http://two.example:{request.server.server_port}/other")
        return request.reply()

    with serve(answer) as server:
        http.call(
            "GET",
            f"http://one.example:{server.server_port}/",
            headers={"Authorization": "Bearer s", "X-Api-Key": "s", "Accept": "text/plain"},
            resolve=lambda host, port: ["127.0.0.1"],
        )

    first, same, other = (headers for _, _, headers, _ in server.seen)
    assert first["authorization"] == same["authorization"] == "Bearer s"
    assert same["x-api-key"] == "s"
    assert "authorization" not in other
    assert "x-api-key" not in other
    assert other["accept"] == "text/plain"


def test_redirects_end(loopback):
    with serve(lambda request: request.reply(302, b"", location="/again")) as server:
        with pytest.raises(PermanentFailure, match="5 times"):
            http.call("GET", server.url)

        assert len(server.seen) == http.MAX_REDIRECTS + 1


def test_redirects_are_left_alone_when_asked(loopback):
    with serve(lambda request: request.reply(302, b"", location="/again")) as server:
        answer = http.call("GET", server.url, follow_redirects=False)

    assert (answer.status, answer.headers["location"]) == (302, "/again")


def _drip(request):
    request.send_response(200)
    request.send_header("content-length", "1000")
    request.end_headers()
    try:
        for _ in range(200):
            request.wfile.write(b".")
            time.sleep(0.02)
    except OSError:
        pass


def _drip_headers(request):
    try:
        for letter in b"HTTP/1.1 200 OK\r\nx-slow: " + b"y" * 200:
            request.wfile.write(bytes([letter]))
            time.sleep(0.02)
    except OSError:
        pass


def _silent(request):
    request.server.release.wait(timeout=5)
    request.close_connection = True


@pytest.mark.parametrize("answer", [_drip, _drip_headers, _silent])
def test_a_slow_server_cannot_hold_a_call_past_its_time(loopback, answer):
    with serve(answer) as server:
        server.release = threading.Event()
        began = time.monotonic()

        with pytest.raises(http.TimedOut, match=r"within 0\.4 seconds"):
            http.call("GET", server.url, timeout=0.4)

        assert time.monotonic() - began < 1
        server.release.set()


def test_a_silent_name_server_cannot_hold_a_call_past_its_time():
    release = threading.Event()
    began = time.monotonic()

    with pytest.raises(http.TimedOut):
        http.call("GET", "http://slow.example/", timeout=0.2, resolve=lambda host, port: release.wait(5) or [])

    assert time.monotonic() - began < 1
    release.set()


def test_an_answer_that_is_too_large_is_refused(loopback):
    with serve(lambda request: request.reply(body=b"x" * 2001)) as server:
        assert len(http.call("GET", server.url, max_bytes=2001).body) == 2001
        with pytest.raises(PermanentFailure, match="larger than 2000 bytes"):
            http.call("GET", server.url, max_bytes=2000)


def test_a_small_answer_cannot_unfold_into_all_of_our_memory(loopback):
    bomb = gzip.compress(b"0" * 50_000_000)

    with serve(lambda request: request.reply(body=bomb, content_encoding="gzip")) as server:
        tracemalloc.start()
        with pytest.raises(PermanentFailure, match="larger"):
            http.call("GET", server.url, max_bytes=1_000_000)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak < 10_000_000


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_packed_answers_are_unpacked(loopback, encoding, pack):
    with serve(lambda request: request.reply(body=pack(b"hello"), content_encoding=encoding)) as server:
        assert http.call("GET", server.url).text == "hello"


@pytest.mark.parametrize(
    ("encoding", "body", "error"),
    [
        ("br", b"hello", PermanentFailure),
        ("gzip", b"hello", PermanentFailure),
        ("gzip", gzip.compress(b"hello" * 1000, mtime=0)[:-20], TransientFailure),
    ],
)
def test_an_answer_that_cannot_be_unpacked_is_refused(loopback, encoding, body, error):
    with serve(lambda request: request.reply(body=body, content_encoding=encoding)) as server, pytest.raises(error):
        http.call("GET", server.url)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_a_refusal_is_permanent(loopback, status):
    with (
        serve(lambda request: request.reply(status, b"no such order")) as server,
        pytest.raises(http.HttpRefused, match=f"answered {status}: no such order") as error,
    ):
        http.call("GET", f"{server.url}/orders?key=s3cret")

    assert error.value.details["status"] == status
    assert "s3cret" not in error.value.message


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_failure_of_the_other_side_is_passing(loopback, status):
    with (
        serve(lambda request: request.reply(status, b"", retry_after="17")) as server,
        pytest.raises(http.HttpFailed) as error,
    ):
        http.call("GET", server.url)

    assert error.value.details == {"status": status, "retry_after": 17.0}


def test_errors_are_returned_when_asked(loopback):
    with serve(lambda request: request.reply(503, b"later")) as server:
        answer = http.call("GET", server.url, accept_errors=True)

    assert (answer.status, answer.text) == (503, "later")


def test_no_connection_is_passing(loopback):
    with serve(lambda request: request.reply()) as server:
        gone = server.url

    with pytest.raises(TransientFailure, match="failed"):
        http.call("GET", gone)


def test_a_broken_connection_is_passing(loopback):
    def cut(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
        request.close_connection = True

    with serve(cut) as server, pytest.raises(TransientFailure):
        http.call("GET", server.url)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "example.com",
        "http://",
        "http://[::1",
        "http://a b/",
        "//x/",
        "http://0177.0.0.1/",
        "http://①②⑦.0.0.1/",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(http.BadUrl):
        http.call("GET", url)


@pytest.mark.parametrize(
    "options", [{"headers": {"X-Note": "a\r\nX-Evil: 1"}}, {"body": {"n": float("nan")}}, {"body": object()}]
)
def test_what_cannot_be_sent_is_refused(loopback, options):
    with serve(lambda request: request.reply()) as server:
        with pytest.raises(http.BadUrl):
            http.call("POST", server.url, **options)

        assert server.seen == []


def test_the_proxy_of_the_environment_is_not_used(loopback, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    with serve(lambda request: request.reply()) as server:
        assert http.call("GET", server.url).status == 200
