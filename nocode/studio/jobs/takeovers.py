"""A schema that exists becomes tables of a project: all of it in one transaction, or nothing."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import DatabaseError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.foundation.services import billing
from nocode.studio.introspection import copying, making, planning
from nocode.studio.introspection.plan import Plan
from nocode.studio.jobs.base import JobType, Progress, job_types
from nocode.studio.models import TableJob
from nocode.studio.schema.change import explain
from nocode.studio.schema.manager import SchemaManager


@job_types.register
class TakeOver(JobType):
    """Take over the tables of a schema, with their rows; the schema itself stays as it is."""

    kind, label = "takeover", gettext_lazy("Takeover of a schema")
    in_transaction = True

    def run(self, job: TableJob, progress: Progress) -> dict[str, Any]:
        schema = job.options["schema"]
        billing.require(job.project.organization_id, "storage")
        try:
            return take_over(schema, SchemaManager(job.project, job.requested_by), progress.check, progress.tell)
        except DatabaseError as error:
            raise explain(error, schema) from error

    def title(self, job: TableJob) -> str:
        return _("Takeover of the schema “%(schema)s”") % {"schema": job.options["schema"]}

    def facts(self, job: TableJob) -> list[tuple[str, str]]:
        labels = {
            "tables": _("Tables made"),
            "rows": _("Rows copied"),
            "links": _("Tables that became links between rows"),
        }
        return [(label, intcomma(job.result[key])) for key, label in labels.items() if key in job.result]

    def next_step(self, job: TableJob) -> tuple[str, str] | None:
        return reverse("admin:studio_project_change", args=[job.project_id]), _("Open the project")

    def way_back(self, job: TableJob) -> tuple[str, str] | None:
        asked = urlencode({"schema": job.options["schema"], "project": job.project_id})
        return f"{reverse('admin:studio_introspection')}?{asked}", _("Look at the schema again")


def take_over(
    schema: str, manager: SchemaManager, check: Callable[[], None], tell: Callable[[int, int], None]
) -> dict[str, Any]:
    """Make and fill the tables, within the caller's transaction; answers what a job keeps as its result."""
    copying.hold(planning.readable_tables(schema))
    check()
    plan = planning.plan(schema, set(manager.project.tables.values_list("label", flat=True)), most=None)
    check()
    made = making.make(plan, manager)
    copying.Copy(plan, made, lambda rows: tell(rows, plan.rows)).run()
    making.finish(plan, manager, made)
    return report(plan)


def report(plan: Plan) -> dict[str, Any]:
    """What a plan did, as JSON."""
    return {
        "tables": len(plan.tables),
        "rows": plan.rows,
        "links": len(plan.links),
        "remarks": [[name, left_out, notes] for name, left_out, notes in plan.remarks()],
    }
