"""How statuses, triggers and values are shown, in every template of automation."""

import json
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from nocode.automation.models import CalledBy, IntegrationStats, StepRun, Trigger
from nocode.foundation import displays

register = template.Library()

TRIGGER_ICONS = {"manual": "touch_app", "webhook": "webhook", "schedule": "schedule", "workflow": "account_tree"}


@register.simple_tag
def status_pill(obj: Any) -> SafeString:
    """The `status` of an execution, a step or a workflow."""
    return displays.status_pill(obj)


@register.simple_tag
def trial_pill(status: str) -> SafeString:
    """How a step ended that was only tried."""
    return displays.pill(status, StepRun.Status(status).label)


@register.simple_tag
def job_pill(job: Any) -> SafeString:
    """The state of a job."""
    return displays.pill(job.state, job.get_state_display())


@register.simple_tag
def health_pill(stats: IntegrationStats) -> SafeString:
    """How calls made with an integration go."""
    return displays.pill(stats.health, stats.health.label)


@register.filter
def milliseconds(value: int | None) -> str:
    """A length of time; a dash where nothing was measured."""
    return "–" if value is None else displays.duration(value / 1000)


@register.filter
def status_tone(status: str) -> str:
    return displays.LOOKS.get(status, ("idle", ""))[0]


@register.filter
def status_icon(status: str) -> str:
    return displays.LOOKS.get(status, ("", "remove"))[1]


@register.filter
def with_code(text: str) -> SafeString:
    """A sentence of ours, in which `what stands so` is code."""
    parts = str(text).split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if place % 2 else part,) for place, part in enumerate(parts))
    )


@register.filter
def trigger_icon(kind: str) -> str:
    return TRIGGER_ICONS.get(kind, "play_arrow")


@register.filter
def trigger_label(kind: str) -> str:
    return dict([*Trigger.Kind.choices, *CalledBy.choices]).get(kind, kind)


@register.filter
def duration(seconds: float | None) -> str:
    """Empty for None; static/js/console/clock.js writes the same."""
    return displays.duration(seconds)


@register.filter
def seconds_since(moment: datetime) -> float:
    return (timezone.now() - moment).total_seconds()


@register.filter
def seconds_of(step: Any) -> float:
    """How long an attempt took, or takes so far."""
    return ((step.finished_at or timezone.now()) - step.started_at).total_seconds()


@register.filter
def compact_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@register.filter
def at(mapping: dict | None, key: str) -> Any:
    return (mapping or {}).get(key)
