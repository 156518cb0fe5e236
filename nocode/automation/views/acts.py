"""What somebody did to a draft, in words."""

from typing import Any

from django.utils.text import get_text_list
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from nocode.automation.models import DraftChange

SENTENCES = {
    "add": gettext_lazy("added %s"),
    "remove": gettext_lazy("deleted %s"),
    "connect": gettext_lazy("connected %s"),
    "disconnect": gettext_lazy("disconnected %s"),
    "configure": gettext_lazy("changed %s"),
    "move": gettext_lazy("moved %s"),
    "paste": gettext_lazy("pasted %s"),
    "arrange": pgettext_lazy("somebody … steps", "tidied up %s"),
}


def told(change: DraftChange) -> dict[str, Any]:
    """Who, when and what, for people."""
    return {
        "who": str(change.user or _("The system")),
        "when": _("%s ago") % timesince(change.created_at),
        "what": ", ".join(dict.fromkeys(_sentence(act) for act in change.acts)),
    }


def _sentence(act: dict[str, Any]) -> str:
    names = [_("“%s”") % name for name in act.get("names", [])]
    more = act.get("count", len(names)) - len(names)
    if more > 0:
        shown = _("%(names)s and %(number)d more") % {"names": ", ".join(names), "number": more}
        return str(SENTENCES[act["op"]]) % shown
    return str(SENTENCES[act["op"]]) % get_text_list(names, _("and"))
