"""Counts how calls made with integrations go: each is a row first (see `IntegrationCall`), then part of the sums."""

from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from nocode.automation.engine.store import to_text
from nocode.automation.models import IntegrationStats

BATCH = 10_000
LONGEST_ERROR = 500

# Rows leave and sums grow in one statement: whoever dies meanwhile has done nothing, and two at once take other rows.
# Integrations are held, so that none is deleted under its new sums; what was counted for a deleted one is dropped.
_FOLD = """
WITH taken AS (
    DELETE FROM automation_integrationcall WHERE id IN (
        SELECT id FROM automation_integrationcall ORDER BY id LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
    RETURNING id, integration_id, at, milliseconds, error
), held AS (
    SELECT id FROM automation_integration WHERE id IN (SELECT integration_id FROM taken) ORDER BY id FOR KEY SHARE
), summed AS (
    SELECT integration_id, count(*) AS calls, count(*) FILTER (WHERE error <> '') AS failures,
           (array_agg(milliseconds ORDER BY taken.id DESC))[:%(kept)s] AS durations,
           (array_agg(error = '' ORDER BY taken.id DESC))[:%(kept)s] AS outcomes,
           max(at) AS last_used_at, max(at) FILTER (WHERE error <> '') AS last_failed_at,
           coalesce((array_agg(error ORDER BY taken.id DESC) FILTER (WHERE error <> ''))[1], '') AS last_error
    FROM taken JOIN held ON held.id = integration_id GROUP BY integration_id ORDER BY integration_id
), folded AS (
    INSERT INTO automation_integrationstats AS stats
        (integration_id, calls, failures, durations, outcomes, last_used_at, last_failed_at, last_error, updated_at)
    SELECT integration_id, calls, failures, durations, outcomes, last_used_at, last_failed_at, last_error, now()
    FROM summed
    ON CONFLICT (integration_id) DO UPDATE SET
        calls = stats.calls + excluded.calls, failures = stats.failures + excluded.failures,
        durations = (excluded.durations || stats.durations)[:%(kept)s],
        outcomes = (excluded.outcomes || stats.outcomes)[:%(kept)s],
        last_used_at = greatest(stats.last_used_at, excluded.last_used_at),
        last_failed_at = greatest(stats.last_failed_at, excluded.last_failed_at),
        last_error = CASE WHEN excluded.last_error = '' THEN stats.last_error ELSE excluded.last_error END,
        updated_at = now()
)
SELECT count(*) FROM taken
"""


def row(integration_id: UUID, seconds: float, error: str) -> dict[str, Any]:
    """One call as `IntegrationCall` keeps it."""
    return {
        "integration_id": integration_id,
        "at": timezone.now(),
        "milliseconds": round(seconds * 1000),
        "error": to_text(error[:LONGEST_ERROR]),
    }


def fold() -> int:
    """Take the calls into the sums of their integrations; returns how many there were."""
    count = 0
    while taken := _fold_batch():
        count += taken
    return count


def _fold_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, {"batch": BATCH, "kept": IntegrationStats.KEPT})
        return cursor.fetchone()[0]
