"""Triggers of n8n as triggers of ours."""

from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from nocode.automation.n8n.base import Source

Trigger = dict[str, Any]
LABELS = {  # what docs/n8n.md says of them
    "manualTrigger": "Manual",
    "start": "Manual",
    "executeWorkflowTrigger": "Manual: what the calling workflow gives is its input",
    "webhook": "Webhook, with an address of its own",
    "scheduleTrigger": "Schedule",
    "cron": "Schedule",
    "interval": "Schedule",
    "formTrigger": "Manual, with the questions of the form",
}
_MODES = {  # of the older cron node
    "everyMinute": "minutes",
    "everyHour": "hours",
    "everyDay": "days",
    "everyWeek": "weeks",
    "everyMonth": "months",
    "custom": "cronExpression",
}
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


def is_trigger(kind: str) -> bool:
    """Whether a type of node starts workflows."""
    return kind in LABELS or kind.lower().endswith("trigger") or kind == "emailReadImap"


def triggers_of(source: Source, zone: str) -> tuple[list[Trigger], str]:
    """The triggers a node becomes, and what is to be known about them."""
    name = source.name[:150]
    if source.type in ("manualTrigger", "start", "executeWorkflowTrigger"):
        return [_made("manual", name)], ""
    if source.type == "webhook":
        return _webhook(source, name)
    if source.type in ("scheduleTrigger", "cron", "interval"):
        return _schedules(source, name, zone)
    if source.type == "formTrigger":
        return [_made("manual", name, {"fields_asked": _questions(source)})], _(
            "People fill in the questions when they run it; put a form of an application online for others."
        )
    return [_made("manual", name)], _("There is no such trigger; it is started by hand until you give it another one.")


def _made(kind: str, name: str, config: dict[str, Any] | None = None) -> Trigger:
    return {"kind": kind, "name": name, "is_active": True, "entry": "", "config": config or {}}


def _webhook(source: Source, name: str) -> tuple[list[Trigger], str]:
    methods = source.get("httpMethod", "GET")
    methods = methods if isinstance(methods, list) else [methods]
    allowed = [method for method in methods if method in ("GET", "POST", "PUT")] or ["POST"]
    answers = {"onReceived": "at_once", "lastNode": "wait", "responseNode": "respond"}
    answer = answers.get(source.get("responseMode", "onReceived"), "at_once")
    ways = {"basicAuth": "basic", "headerAuth": "header"}
    security = ways.get(source.get("authentication", "none"), "none")
    config: dict[str, Any] = {"methods": allowed, "answer": answer, "security": security}
    if security == "basic":
        config["username"] = "n8n"
    said = _("It has a new address; tell it to those who call.")
    if source.get("authentication", "none") not in ("none", *ways):
        said += " " + _("How callers prove who they are has no counterpart: choose it anew.")
    return [_made("webhook", name, config)], said


def _schedules(source: Source, name: str, zone: str) -> tuple[list[Trigger], str]:
    rules = source.rows("rule.interval") or source.rows("triggerTimes.item")
    if source.type == "interval":
        rules = [
            {
                "field": source.get("unit", "seconds"),
                f"{source.get('unit', 'seconds')}Interval": source.get("interval", 1),
            }
        ]
    made, told = [], ""
    for rule in rules or [{"field": "days"}]:
        config = _timetable(rule)
        if config is None:
            told = _("One of its times has no counterpart; set it in the schedule.")
            continue
        made.append(_made("schedule", name, config | ({"time_zone": zone} if zone else {})))
    return made or [_made("manual", name)], told


def _timetable(rule: dict[str, Any]) -> dict[str, Any] | None:
    """A rule of a schedule trigger, or of the older cron node; None for what we cannot say."""
    field = rule.get("field") or _MODES.get(rule.get("mode", ""), "days")
    minute = _number(rule.get("triggerAtMinute", rule.get("minute")), 0)
    hour = _number(rule.get("triggerAtHour", rule.get("hour")), 0)
    if field == "cronExpression":
        fields = str(rule.get("expression", rule.get("cronExpression", ""))).split()
        return {"mode": "cron", "cron": " ".join(fields[1:] if len(fields) == 6 else fields)}
    if field in ("minutes", "hours"):
        every = _number(rule.get(f"{field}Interval"), 1)
        if field == "hours" and every == 1:
            return {"mode": "cron", "cron": f"{minute} * * * *"}
        return {"mode": "interval", "every": every, "unit": field}
    if field == "days":
        every = _number(rule.get("daysInterval"), 1)
        if every == 1:
            return {"mode": "cron", "cron": f"{minute} {hour} * * *"}
        return {"mode": "interval", "every": every, "unit": "days"}
    if field == "weeks" and _number(rule.get("weeksInterval"), 1) == 1:
        days = rule.get("triggerAtDay", [rule.get("weekday", 0)])
        names = [_DAYS[_number(day, 0) % 7] for day in (days if isinstance(days, list) else [days])] or ["SUN"]
        return {"mode": "cron", "cron": f"{minute} {hour} * * {','.join(names)}"}
    if field == "months" and _number(rule.get("monthsInterval"), 1) == 1:
        day = _number(rule.get("triggerAtDayOfMonth", rule.get("dayOfMonth")), 1)
        return {"mode": "cron", "cron": f"{minute} {hour} {day} * *"}
    return None


def _number(value: Any, usual: int) -> int:
    return int(value) if str(value).isdigit() else usual


def _questions(source: Source) -> list[dict[str, str]]:
    kinds = {"number": "number", "date": "date", "email": "email", "textarea": "long_text", "checkbox": "yes_no"}
    asked, taken = [], set()
    for number, row in enumerate(source.rows("formFields.values"), start=1):
        label = str(row.get("fieldLabel") or f"Field {number}")
        name = slugify(label).replace("-", "_") or f"field_{number}"
        name = name if name not in taken else f"{name}_{number}"
        taken.add(name)
        required = "yes" if row.get("requiredField") else "no"
        asked.append(
            {"name": name, "label": label, "kind": kinds.get(row.get("fieldType", ""), "text"), "required": required}
        )
    return asked
