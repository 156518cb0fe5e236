"""Nodes that reach other systems, and other workflows."""

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.utils.translation import gettext as _

from nocode.automation.n8n.base import Inputs, Made, Mapper, Source, Unmappable, mappers
from nocode.automation.n8n.credentials import integration_of
from nocode.automation.n8n.expressions import Translator

METHODS = {name: name for name in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")}
_BODY_ONLY = """// n8n hands on what was answered, the items of a list one by one.
return items.flatMap((answer) => answer.body ?? {});"""


@mappers.register
class HttpRequest(Mapper):
    kind, label, kinds = "httpRequest", "HTTP Request", ("http.request", "code")
    differs = "Files, pages of answers, proxies and several calls at a time are settings of other steps or missing."

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        translate.for_each()
        old = source.version < 3
        config: dict[str, Any] = {
            "method": source.option("requestMethod" if old else "method", METHODS, "GET"),
            "url": translate.text(source.get("url", "")),
            "query": self._pairs(source, "query", old, translate),
            "headers": self._pairs(source, "header", old, translate),
            **integration_of(source),
        }
        body = self._body(source, old, translate)
        if body is not None:
            config["body"] = body
        if timeout := source.get("options.timeout"):
            config["timeout"] = max(1, min(120, int(timeout) // 1000)) if str(timeout).isdigit() else 30
        if source.get("options.response.response.neverError") or source.get("options.ignoreResponseCode"):
            config["accept_errors"] = True
        whole = source.get("options.response.response.fullResponse", source.get("options.fullResponse"))
        if source.get("options.pagination"):
            translate.remarks.append(_("It asks for several pages; set that in the step."))
        if whole:
            code = "return items.map(({ status, ...answer }) => ({ ...answer, statusCode: status }));"
            return Made("code", {"code": code, "mode": "all"}, before=[Made("http.request", config, per_item=True)])
        after = {"code": _BODY_ONLY, "mode": "all"}
        return Made("code", after, before=[Made("http.request", config, per_item=True)])

    @staticmethod
    def _pairs(source: Source, what: str, old: bool, translate: Translator) -> list[dict[str, Any]]:
        if old:
            rows = source.rows(f"{what}ParametersUi.parameter")
        elif not source.get(f"send{what.title()}" if what == "query" else "sendHeaders"):
            return []
        else:
            rows = source.rows(f"{what}Parameters.parameters")
            raw = source.get("jsonQuery" if what == "query" else "jsonHeaders")
            if raw and not rows:
                translate.remarks.append(_("Parameters written as JSON were left out; write them as rows."))
        return [
            {"name": str(row.get("name", ""))[:200], "value": translate.text(row.get("value", ""))}
            for row in rows
            if row.get("name")
        ]

    def _body(self, source: Source, old: bool, translate: Translator) -> Any:
        if old:
            raw = source.get("bodyParametersJson")
            rows = source.rows("bodyParametersUi.parameter")
            return translate.text(raw) if raw else self._object(rows, translate) if rows else None
        if not source.get("sendBody"):
            return None
        kind = source.get("contentType", "json")
        if kind not in ("json", "raw"):
            raise Unmappable(_("A body of the type “%s” has no counterpart.") % str(kind)[:40])
        if kind == "raw":
            return translate.text(source.get("body", ""))
        if source.get("specifyBody") == "json":
            return translate.text(source.get("jsonBody", ""))
        return self._object(source.rows("bodyParameters.parameters"), translate)

    @staticmethod
    def _object(rows: list[dict[str, Any]], translate: Translator) -> str:
        pairs = ", ".join(
            f"{json.dumps(str(row.get('name', '')))}: {translate.script(row.get('value', ''))}" for row in rows
        )
        return f"{{{{ ({{ {pairs} }}) }}}}"


@mappers.register
class SendEmail(Mapper):
    kind, label, kinds = "emailSend", "Send Email", ("email.send",)
    differs = "It is sent as text; who it comes from is said by the mail server's integration."

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        translate.for_each()
        text = source.get("text") or source.get("message") or source.get("html") or ""
        options = source.get("options", {})
        config = {
            "to": translate.text(source.get("toEmail", "")),
            "cc": translate.text(source.get("ccEmail", options.get("ccEmail", ""))),
            "reply_to": translate.text(options.get("replyTo", "")),
            "subject": translate.text(source.get("subject", "")),
            "text": translate.text(text),
            **integration_of(source),
        }
        return Made("email.send", config, per_item=True)


@mappers.register
class Slack(Mapper):
    kind, label, kinds = "slack", "Slack", ("slack",)
    differs = "It writes to the channel whose address the integration keeps."

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        translate.for_each()
        is_message = source.get("resource", "message") == "message" and source.get("operation", "post") == "post"
        if not is_message or not source.get("text"):
            raise Unmappable(_("Only writing a message as text has a counterpart."))
        return Made("slack", {"text": translate.text(source.get("text")), **integration_of(source)}, per_item=True)


@mappers.register
class ExecuteWorkflow(Mapper):
    kind, label, kinds = "executeWorkflow", "Execute Sub-workflow", ("workflow.call",)
    differs = "Choose the workflow after both were imported."

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        named = source.get("workflowId")
        named = named.get("value") if isinstance(named, dict) else named
        if source.get("source", "database") != "database" or not named:
            raise Unmappable(_("A workflow that is written into the node has no counterpart."))
        wait = source.get("options.waitForSubWorkflow", True) is not False
        translate.remarks.append(_("Choose which workflow is called."))
        return Made("workflow.call", {"workflow": workflow_id(str(named)), "wait": wait})


def workflow_id(number: str) -> str:
    """What stands for a workflow of n8n until it is chosen."""
    return str(uuid5(NAMESPACE_URL, f"n8n:workflow:{number}"))
