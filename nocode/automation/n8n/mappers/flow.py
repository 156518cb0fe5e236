"""Nodes that decide where items go."""

from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from nocode.automation.n8n.base import Inputs, Made, Mapper, Source, Unmappable, mappers
from nocode.automation.n8n.conditions import first_row, row_of_rule, rows_of
from nocode.automation.n8n.expressions import Translator


@mappers.register
class NoOp(Mapper):
    kind, label, kinds = "noOp", "No Operation", ("noop",)

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        return Made("noop", {})


@mappers.register
class If(Mapper):
    kind, label, kinds, parts = "if", "If", ("route.if",), "true"

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        rows, combine = rows_of(source, translate)
        return Made("route.if", {"conditions": rows, "combine": combine}, ["true", "false"])


@mappers.register
class Filter(Mapper):
    kind, label, kinds = "filter", "Filter", ("filter",)

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        rows, combine = rows_of(source, translate)
        return Made("filter", {"conditions": rows, "combine": combine}, ["main", "rejected"])


@mappers.register
class Switch(Mapper):
    kind, label, kinds, parts = "switch", "Switch", ("route.switch",), "output_0"
    MOST = 100

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        if source.get("mode", "rules") == "expression":
            return self._numbered(source, translate)
        ports, rules = self._ruled(source, translate)
        return self._made(source, ports, rules)

    def _numbered(self, source: Source, translate: Translator) -> Made:
        """The expression gives the number of the output."""
        count = source.get("numberOutputs", source.get("outputsAmount", 4))
        ports = [f"output_{number}" for number in range(min(int(count) if str(count).isdigit() else 4, self.MOST))]
        left = f"{{{{ {translate.script(source.get('output'))} }}}}"
        rules = [{"port": port, "left": left, "op": "eq", "right": str(at)} for at, port in enumerate(ports)]
        return Made("route.switch", {"rules": rules, "every": False}, ports)

    def _ruled(self, source: Source, translate: Translator) -> tuple[list[str], list[dict[str, Any]]]:
        ports: list[str] = []
        if source.version < 3:
            kind = source.get("dataType", "number")
            rules = source.rows("rules.rules")
            numbers = [int(each.get("output", at)) for at, each in enumerate(rules)]
            count = max([3, *numbers]) + 1
            ports = [f"output_{number}" for number in range(min(count, self.MOST))]
            left = source.get("value1", "")
            rows = [first_row(kind, left, {"operation": "equal", **each}, translate) for each in rules]
            return ports, [{"port": ports[number], **row} for number, row in zip(numbers, rows, strict=True)]
        rules = source.rows("rules.values") or source.rows("rules.rules")
        for each in rules[: self.MOST]:
            ports.append(self._port(each, ports))
        ignore = source.get("options.ignoreCase")
        rows = [row_of_rule(each, ignore, translate) for each in rules[: self.MOST]]
        return ports, [{"port": port, **row} for port, row in zip(ports, rows, strict=True)]

    @staticmethod
    def _port(rule: dict[str, Any], taken: list[str]) -> str:
        named = slugify(str(rule.get("outputKey", ""))) if rule.get("renameOutput") else ""
        plain = f"output_{len(taken)}"
        return named if taken and named and named not in (*taken, "otherwise") else plain

    def _made(self, source: Source, ports: list[str], rules: list[dict[str, Any]]) -> Made:
        fallback = source.get("options.fallbackOutput", source.get("fallbackOutput", "none"))
        outputs = list(ports)
        if fallback == "extra":
            outputs.append("otherwise")
        elif str(fallback).lstrip("-").isdigit() and 0 <= int(fallback) < len(ports):
            rules = [*rules, {"port": ports[int(fallback)], "left": "{{ true }}", "op": "true", "right": ""}]
        every = bool(source.get("options.allMatchingOutputs"))
        if every and len(rules) > len(ports):
            raise Unmappable(_("“All matching outputs” with a fallback that is one of them has no counterpart."))
        rules = rules or [{"port": "output_0", "left": "{{ false }}", "op": "true", "right": ""}]
        return Made("route.switch", {"rules": rules, "every": every}, outputs)


@mappers.register
class Stop(Mapper):
    kind, label, kinds, whole = "stopAndError", "Stop and Error", ("stop",), True

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        message = source.get("errorMessage") or source.get("errorObject") or "Error"
        return Made("stop", {"message": translate.text(message)}, [])


@mappers.register
class Wait(Mapper):
    kind, label, kinds, whole = "wait", "Wait", ("wait",), True

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        resume = source.get("resume", "timeInterval" if source.version >= 1.1 else "timeInterval")
        if resume == "specificTime":
            return Made("wait", {"until": translate.text(source.get("dateTime", ""))})
        if resume != "timeInterval":
            raise Unmappable(_("Waiting for a call or a form has no counterpart; use a step that waits for an event."))
        units = {"seconds": "seconds", "minutes": "minutes", "hours": "hours", "days": "days"}
        unit = source.option("unit", units, "seconds" if source.version >= 1.1 else "hours")
        usual = 5 if source.version >= 1.1 else 1
        return Made("wait", {"amount": translate.text(source.get("amount", usual)), "unit": unit})


@mappers.register
class Respond(Mapper):
    kind, label, kinds, whole = "respondToWebhook", "Respond to Webhook", ("respond",), True
    differs = "Files are not sent."

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        how = source.get("respondWith", "firstIncomingItem")
        bodies = {
            "firstIncomingItem": "{{ $items(input).first()?.json }}",
            "allIncomingItems": "{{ $items(input).all().map((each) => each.json) }}",
            "noData": "{{ null }}",
        }
        if how in ("json", "text"):
            body = translate.text(source.get("responseBody", ""))
        elif how in bodies:
            body = bodies[how]
        else:
            raise Unmappable(_("Answering with “%s” has no counterpart.") % str(how)[:40])
        status = source.get("options.responseCode", 200)
        headers = [
            {"name": str(each.get("name", "")), "value": translate.text(each.get("value", ""))}
            for each in source.rows("options.responseHeaders.entries")
        ]
        return Made("respond", {"status": translate.text(status), "body": body, "headers": headers})
