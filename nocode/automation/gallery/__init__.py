"""Workflows to begin with. Each is a workflow file here, and comes in as any other file does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.automation.models import Workflow, WorkflowImport
from nocode.automation.nodes import node_types
from nocode.automation.transfer import checking, settling
from nocode.automation.transfer.bringing import bring
from nocode.foundation.models import Organization, User
from nocode.foundation.registry import UnknownKind
from nocode.studio.models import Project
from nocode.studio.services import projects

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Template:
    """A workflow to begin with. `key` is the name of its file; the words are for whoever looks for one."""

    key: str
    name: Any
    summary: Any
    icon: str

    @cached_property
    def outline(self) -> dict[str, Any]:
        """Its file."""
        return checking.check(json.loads((_HERE / f"{self.key}.json").read_text()))

    @property
    def graph(self) -> dict[str, Any]:
        """What is drawn of it."""
        return {name: self.outline[name] for name in ("nodes", "edges")}

    @property
    def tables(self) -> list[dict[str, Any]]:
        """The tables it uses."""
        return self.outline["needs"]["tables"]

    @property
    def integrations(self) -> list[dict[str, Any]]:
        """The integrations it uses."""
        return self.outline["needs"]["integrations"]

    @property
    def triggers(self) -> list[str]:
        """The kinds of its triggers."""
        return list(dict.fromkeys(each["kind"] for each in self.outline["triggers"]))

    def says(self, words: str) -> bool:
        """Whether all words occur in what it is about."""
        steps = " ".join(str(node_types[node["kind"]].label) for node in self.outline["nodes"])
        tables = " ".join(table["label"] for table in self.tables)
        text = f"{self.name} {self.summary} {steps} {tables}".lower()
        return all(word in text for word in words.lower().split())


TEMPLATES = (
    Template(
        "say_hello",
        gettext_lazy("Say hello"),
        gettext_lazy("Asks for a name and greets, by the time of day. Needs nothing: the one to learn with."),
        "waving_hand",
    ),
    Template(
        "webhook_to_table",
        gettext_lazy("Webhook into a table"),
        gettext_lazy("Takes what a website or another program sends, checks it, keeps it as a row and answers."),
        "webhook",
    ),
    Template(
        "form_request",
        gettext_lazy("Requests by form"),
        gettext_lazy("Colleagues fill in a form; small requests are granted at once, the owners decide about others."),
        "edit_document",
    ),
    Template(
        "daily_report",
        gettext_lazy("Daily report by e-mail"),
        gettext_lazy("Counts every morning what is open in a table, by owner, and sends it."),
        "summarize",
    ),
    Template(
        "lead_enrich",
        gettext_lazy("Leads without duplicates"),
        gettext_lazy("Keeps each address once, and asks another service what is known of the company."),
        "person_search",
    ),
    Template(
        "failed_payments",
        gettext_lazy("Failed payments"),
        gettext_lazy("Notes a payment that failed, waits three days, and reminds the customer if it is still open."),
        "credit_card_off",
    ),
    Template(
        "csv_to_table",
        gettext_lazy("CSV from the web"),
        gettext_lazy("Fetches a file every night and brings its rows into a table, new ones and changed ones."),
        "csv",
    ),
    Template(
        "rows_to_api",
        gettext_lazy("Rows to another system"),
        gettext_lazy("Sends every row that was not sent yet, three at a time, and marks those that arrived."),
        "sync_alt",
    ),
    Template(
        "row_to_chat",
        gettext_lazy("New row to the chat"),
        gettext_lazy("Writes to a channel of the team whenever a row is added that is worth telling."),
        "forum",
    ),
    Template(
        "sla_reminder",
        gettext_lazy("Tickets that nobody answers"),
        gettext_lazy("Waits some hours after a ticket came, reminds the team, and tells the chief a day later."),
        "notification_important",
    ),
    Template(
        "github_to_table",
        gettext_lazy("GitHub issues into a table"),
        gettext_lazy("Keeps a table of the issues of a repository up to date, by GitHub's signed webhook."),
        "bug_report",
    ),
    Template(
        "error_notifier",
        gettext_lazy("When an execution fails"),
        gettext_lazy("Tells the owners about every failed execution of the organization, with its reason."),
        "error",
    ),
    Template(
        "monthly_cleanup",
        gettext_lazy("Monthly clean-up"),
        gettext_lazy("Deletes rows that are older than a year, and says how many there were."),
        "cleaning_services",
    ),
    Template(
        "watch_site",
        gettext_lazy("Watch a website"),
        gettext_lazy("Opens a page every five minutes and tells the owners when it does not answer well."),
        "monitor_heart",
    ),
)


def template(key: str) -> Template:
    """A template by its key. Raises UnknownKind."""
    for each in TEMPLATES:
        if each.key == key:
            return each
    raise UnknownKind(_("There is no such template."))


@transaction.atomic
def make(
    chosen: Template,
    organization: Organization,
    *,
    project: Project | None = None,
    new_project: str = "",
    integrations: Mapping[str, str] = {},
    name: str = "",
    user: User | None = None,
) -> Workflow:
    """A draft made of a template, with the tables it needs. `integrations` are those to use, by the ids of the file.

    Raises LimitReached, NameTaken, and what refuses a table or an integration; then nothing was made.
    """
    if project is None and chosen.tables:
        project = projects.create_project(organization, new_project or str(chosen.name))
    made = bring(
        chosen.outline,
        organization,
        project=project,
        make_tables=True,
        name=name or str(chosen.name),
        user=user,
        source=WorkflowImport.Source.TEMPLATE,
    )
    if wanted := {pk: value for pk, value in integrations.items() if value}:
        settling.choose(made.origin, wanted)
    return made
