"""A server that quotes what it was sent, and workflows that call it with an integration."""

import base64
import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from nocode.automation.engine import runner
from nocode.automation.models import Integration, WorkflowExecution
from nocode.automation.services import executions
from tests.factories import make_published

TOKEN = "canary/token+7c1f4e=="


class Echo(BaseHTTPRequestHandler):
    """Quotes the whole request in its answer, as many services do; `/to/<port>/…` redirects, `/500` fails."""

    def do_GET(self):
        self.server.calls.append({name.lower(): ", ".join(self.headers.get_all(name)) for name in self.headers})
        self.server.paths.append(self.path)
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[0] == "to":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{parts[1]}/{'/'.join(parts[2:])}")
        else:
            self.send_response(int(parts[0] or 200))
        self.send_header("Content-Type", "application/json")
        self.send_header("X-You-Sent", " ".join(self.server.calls[-1].values()).encode("ascii", "replace").decode())
        self.end_headers()
        scheme, _space, code = self.server.calls[-1].get("authorization", "").partition(" ")
        decoded = base64.b64decode(code).decode() if scheme == "Basic" else ""
        self.wfile.write(json.dumps({"headers": self.server.calls[-1], "decoded": decoded}).encode())

    def log_message(self, *args):
        pass


@contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.calls, server.paths = [], []
    server.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def calling(url: str, integration: Integration | None, **config) -> tuple:
    wanted = str(integration.pk) if integration else ""
    return ("call", "http.request", {"url": url, "integration": wanted, **config})


def run(workflow, data=None) -> WorkflowExecution:
    execution = executions.start(workflow, input=data)
    runner.run(execution.pk, continue_later=lambda *args: None)
    execution.refresh_from_db()
    return execution


def sent_with(integration: Integration, server, path: str = "", **config) -> WorkflowExecution:
    workflow = make_published(calling(server.url + path, integration, **config), organization=integration.organization)
    return run(workflow)
