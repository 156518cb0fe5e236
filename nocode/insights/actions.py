"""What can be in `UserActivity.action`, and how it reads: "deployed the application X"."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


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
    "activity.exported": Action("download", gettext_lazy("exported activities")),
    "report.exported": Action("download", gettext_lazy("exported a report")),
}

# What the list is filtered by → the actions that belong to it.
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "logins": (gettext_lazy("Logins"), ("user.login", "user.logout", "user.login_failed")),
    "organizations": (gettext_lazy("Organizations"), ("organization.created", "organization.updated")),
    "projects": (gettext_lazy("Projects"), ("project.created", "project.updated")),
    "apps": (gettext_lazy("Applications"), ("app.created", "app.deployed", "app.failed", "app.rolled_back")),
    "exports": (gettext_lazy("Exports"), ("activity.exported", "report.exported")),
}


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
    return _("System")
