"""What can be in `UserActivity.action`, and how it reads: "deployed the application X"."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy, pgettext


@dataclass(frozen=True)
class Action:
    """How an action looks; `sentence` has the place of the object's name, `bare` is for when nobody knows its name."""

    icon: str
    sentence: str
    bare: str = ""


ACTIONS: dict[str, Action] = {
    "user.login": Action("login", gettext_lazy("logged in")),
    "user.logout": Action("logout", gettext_lazy("logged out")),
    "user.login_failed": Action("gpp_maybe", gettext_lazy("could not log in")),
    "organization.created": Action(
        "domain_add", gettext_lazy("created the organization %(name)s"), gettext_lazy("created an organization")
    ),
    "organization.updated": Action(
        "domain", gettext_lazy("changed the organization %(name)s"), gettext_lazy("changed an organization")
    ),
    "project.created": Action(
        "create_new_folder", gettext_lazy("created the project %(name)s"), gettext_lazy("created a project")
    ),
    "project.updated": Action(
        "folder_open", gettext_lazy("changed the project %(name)s"), gettext_lazy("changed a project")
    ),
    "app.created": Action(
        "deployed_code", gettext_lazy("created the application %(name)s"), gettext_lazy("created an application")
    ),
    "app.deployed": Action(
        "rocket_launch", gettext_lazy("deployed the application %(name)s"), gettext_lazy("deployed an application")
    ),
    "app.failed": Action(
        "error",
        gettext_lazy("could not deploy the application %(name)s"),
        gettext_lazy("could not deploy an application"),
    ),
    "app.rolled_back": Action(
        "history",
        gettext_lazy("put an earlier deployment of the application %(name)s online again"),
        gettext_lazy("put an earlier deployment of an application online again"),
    ),
    "app.archived": Action(
        "inventory_2", gettext_lazy("archived the application %(name)s"), gettext_lazy("archived an application")
    ),
    "app.restored": Action(
        "unarchive", gettext_lazy("brought the application %(name)s back"), gettext_lazy("brought an application back")
    ),
    "project.trashed": Action(
        "delete", gettext_lazy("threw the project %(name)s away"), gettext_lazy("threw a project away")
    ),
    "project.restored": Action(
        "restore_from_trash", gettext_lazy("brought the project %(name)s back"), gettext_lazy("brought a project back")
    ),
    "project.deleted": Action(
        "delete_forever", gettext_lazy("deleted the project %(name)s"), gettext_lazy("deleted a project")
    ),
    "table.created": Action("table", gettext_lazy("created the table %(name)s"), gettext_lazy("created a table")),
    "table.updated": Action("table", gettext_lazy("changed the table %(name)s"), gettext_lazy("changed a table")),
    "table.trashed": Action(
        "delete", gettext_lazy("threw the table %(name)s away"), gettext_lazy("threw a table away")
    ),
    "table.restored": Action(
        "restore_from_trash", gettext_lazy("brought the table %(name)s back"), gettext_lazy("brought a table back")
    ),
    "table.deleted": Action(
        "delete_forever", gettext_lazy("deleted the table %(name)s"), gettext_lazy("deleted a table")
    ),
    "field.created": Action("view_column", gettext_lazy("created the field %(name)s"), gettext_lazy("created a field")),
    "field.updated": Action("view_column", gettext_lazy("changed the field %(name)s"), gettext_lazy("changed a field")),
    "field.trashed": Action(
        "delete", gettext_lazy("threw the field %(name)s away"), gettext_lazy("threw a field away")
    ),
    "field.restored": Action(
        "restore_from_trash", gettext_lazy("brought the field %(name)s back"), gettext_lazy("brought a field back")
    ),
    "field.deleted": Action(
        "delete_forever", gettext_lazy("deleted the field %(name)s"), gettext_lazy("deleted a field")
    ),
    "page.created": Action("web", gettext_lazy("created the page %(name)s"), gettext_lazy("created a page")),
    "page.updated": Action("web", gettext_lazy("changed the page %(name)s"), gettext_lazy("changed a page")),
    "page.deleted": Action("delete_forever", gettext_lazy("deleted the page %(name)s"), gettext_lazy("deleted a page")),
    "workflow.created": Action(
        "account_tree", gettext_lazy("created the workflow %(name)s"), gettext_lazy("created a workflow")
    ),
    "workflow.published": Action(
        "publish", gettext_lazy("published the workflow %(name)s"), gettext_lazy("published a workflow")
    ),
    "workflow.paused": Action(
        "pause_circle", gettext_lazy("paused the workflow %(name)s"), gettext_lazy("paused a workflow")
    ),
    "workflow.resumed": Action(
        "play_circle", gettext_lazy("resumed the workflow %(name)s"), gettext_lazy("resumed a workflow")
    ),
    "workflow.archived": Action(
        "inventory_2", gettext_lazy("archived the workflow %(name)s"), gettext_lazy("archived a workflow")
    ),
    "workflow.restored": Action(
        "restore_from_trash",
        gettext_lazy("brought the workflow %(name)s back"),
        gettext_lazy("brought a workflow back"),
    ),
    "workflow.deleted": Action(
        "delete_forever", gettext_lazy("deleted the workflow %(name)s"), gettext_lazy("deleted a workflow")
    ),
    "approval.approved": Action(
        "check_circle", gettext_lazy("approved “%(name)s”"), gettext_lazy("approved what a workflow asked")
    ),
    "approval.rejected": Action(
        "cancel", gettext_lazy("rejected “%(name)s”"), gettext_lazy("rejected what a workflow asked")
    ),
    "integration.created": Action(
        "hub", gettext_lazy("created the integration %(name)s"), gettext_lazy("created an integration")
    ),
    "integration.updated": Action(
        "hub", gettext_lazy("changed the integration %(name)s"), gettext_lazy("changed an integration")
    ),
    "integration.tested": Action(
        "network_check", gettext_lazy("tested the integration %(name)s"), gettext_lazy("tested an integration")
    ),
    "integration.deleted": Action(
        "delete_forever", gettext_lazy("deleted the integration %(name)s"), gettext_lazy("deleted an integration")
    ),
    "invitation.sent": Action(
        "forward_to_inbox", gettext_lazy("sent the invitation %(name)s"), gettext_lazy("invited somebody")
    ),
    "invitation.accepted": Action(
        "how_to_reg", gettext_lazy("accepted the invitation %(name)s"), gettext_lazy("accepted an invitation")
    ),
    "invitation.revoked": Action(
        "cancel_schedule_send",
        gettext_lazy("took the invitation %(name)s back"),
        gettext_lazy("took an invitation back"),
    ),
    "member.added": Action(
        "person_add", gettext_lazy("made %(name)s a member"), gettext_lazy("made somebody a member")
    ),
    "member.role_changed": Action(
        "manage_accounts", gettext_lazy("changed the role of %(name)s"), gettext_lazy("changed the role of somebody")
    ),
    "member.removed": Action(
        "person_remove", gettext_lazy("took the membership of %(name)s away"), gettext_lazy("took a membership away")
    ),
    "activity.exported": Action("download", gettext_lazy("exported activities")),
    "report.exported": Action("download", gettext_lazy("exported a report")),
}

# What the list is filtered by → how the actions that belong to it begin.
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "logins": (gettext_lazy("Logins"), ("user.",)),
    "people": (gettext_lazy("People"), ("invitation.", "member.")),
    "organizations": (gettext_lazy("Organizations"), ("organization.",)),
    "projects": (gettext_lazy("Projects and tables"), ("project.", "table.", "field.", "page.")),
    "automation": (gettext_lazy("Automation"), ("workflow.", "integration.", "approval.")),
    "apps": (gettext_lazy("Applications"), ("app.",)),
    "exports": (gettext_lazy("Exports"), ("activity.", "report.")),
}


def actions_of(group: str) -> list[str]:
    """The actions of a group."""
    _label, beginnings = GROUPS[group]
    return [action for action in ACTIONS if action.startswith(beginnings)]


def icon_of(action: str) -> str:
    """The symbol of an action."""
    return ACTIONS[action].icon if action in ACTIONS else "bolt"


def sentence_parts(action: str, name: str) -> tuple[str, str]:
    """The words before and after the object's name; without a name, the whole sentence and nothing."""
    known = ACTIONS.get(action)
    if known is None:
        return f"{action} " if name else action, ""
    sentence = str(known.sentence)
    if "%(name)s" not in sentence:
        return sentence, ""
    if not name:
        return str(known.bare), ""
    before, _mark, after = sentence.partition("%(name)s")
    return before, after


def sentence(action: str, name: str) -> str:
    """What was done, in words."""
    before, after = sentence_parts(action, name)
    takes_name = action not in ACTIONS or "%(name)s" in str(ACTIONS[action].sentence)
    return f"{before}{name}{after}" if takes_name else before


def nobody() -> str:
    """Who acts where no person does: a schedule, a command, the queue."""
    return pgettext("who did it", "System")
