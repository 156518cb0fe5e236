"""Callers of one webhook, as a process of their own: `python -m tests.benchmarks._callers PORT PATH N CALLS`.

N callers, each over a kept connection of its own: it sends a call, waits for the whole answer, sends the next one. They
share a thread and speak through bare sockets: in truth senders sit on other machines, so the less they take from the
processors they share with the server here, the truer the figure. A call is timed from the first byte sent to the last
one read. Writes {"milliseconds": [of each call], "seconds": all of them together} as JSON.
"""

import json
import selectors
import socket
import sys
import time

ORDER = {"reference": "A-1005", "lines": [{"sku": f"S-{number}", "quantity": number} for number in range(10)]}
PATIENCE = 30
WARM_UP = 20  # calls of each caller before the clock runs: every thread has its connection to the database then


class Caller:
    """One sender."""

    def __init__(self, port: int, request: bytes):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request, self.left = request, 0

    def call(self) -> None:
        """Send one call."""
        self.answer, self.began = b"", time.perf_counter()
        self.socket.sendall(self.request)

    def read(self) -> float | None:
        """Take what has come: the milliseconds of the call once its answer is whole."""
        chunk = self.socket.recv(65536)
        self.answer += chunk
        head, _blank, body = self.answer.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        if chunk and len(body) < int(fields.get(b"content-length", sys.maxsize)):
            return None
        if self.answer.split(b" ", 2)[1:2] not in ([b"200"], [b"202"]):
            sys.exit(f"the webhook answered {self.answer[:500]!r}")
        return (time.perf_counter() - self.began) * 1000


def call_often(callers: list[Caller], amount: int) -> list[float]:
    """Have each caller make so many calls, one after the other."""
    taken: list[float] = []
    with selectors.DefaultSelector() as answers:
        for caller in callers:
            answers.register(caller.socket, selectors.EVENT_READ, caller)
            caller.left = amount
            caller.call()
        while len(taken) < amount * len(callers):
            for key, _events in answers.select(PATIENCE) or sys.exit("the webhook did not answer"):
                caller: Caller = key.data
                if (milliseconds := caller.read()) is None:
                    continue
                taken.append(milliseconds)
                caller.left -= 1
                if caller.left:
                    caller.call()
    return taken


def main(port: int, path: str, number: int, amount: int) -> None:
    """Warm up, measure, tell."""
    body = json.dumps(ORDER).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "User-Agent: bench",
        "Accept: */*",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    request = "\r\n".join([*lines, "", ""]).encode() + body
    callers = [Caller(port, request) for _number in range(number)]
    call_often(callers, WARM_UP)
    began = time.perf_counter()
    taken = call_often(callers, amount)
    print(json.dumps({"milliseconds": taken, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
