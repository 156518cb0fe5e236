"""Steps that tell what happened: people of the organization, and whoever listens to events."""

from typing import Any

from django import forms
from django.conf import settings as django_settings
from django.core.validators import RegexValidator
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes.base import Effect, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField
from nocode.automation.nodes.message import AddressesField
from nocode.automation.nodes.values import given, refuse, source_field
from nocode.foundation.events import Event, bus
from nocode.foundation.models import Notification, Organization, User
from nocode.foundation.services import mail
from nocode.foundation.services.notifications import notify

MOST_PEOPLE = 200
LARGEST_EVENT = 64 * 1024  # characters of JSON
PREFIX = "custom."
_ROLES = [("", _("everybody")), ("owner", _("owners")), ("admin", _("owners and admins"))]


@node_types.register
class Notify(NodeType):
    kind, label, icon, family = "notify", _("Notify people"), "notifications", Family.OUTSIDE
    summary = _("Tell people of the organization something: under the bell, and by e-mail if you like. Once.")
    gives = _("An object: the e-mail addresses of those who were told.")
    effect = Effect.TRANSACTION

    class Config(ConfigForm):
        to = AddressesField(
            label=_("Whom"),
            required=False,
            limit=MOST_PEOPLE,
            help_text=_("E-mail addresses of members, with commas between them. Empty: those chosen below."),
        )
        role = forms.ChoiceField(label=_("Or all who are"), choices=_ROLES, required=False, initial="admin")
        title = TextField(label=_("Title"), max_length=250)
        text = TextField(label=_("Text"), required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 4}))
        level = forms.ChoiceField(label=_("Importance"), choices=Notification.Level.choices, initial="info")
        by_email = forms.BooleanField(label=_("By e-mail, too"), required=False)

    def run(self, settings: dict, step: Step) -> dict:
        people = self._people(settings, step.organization_id)
        organization = Organization.objects.get(pk=step.organization_id)
        page = reverse("admin:execution_detail", args=[step.execution_id])
        said = settings["title"], settings["text"]
        kind = "automation.notification.step"
        notify(people, kind, step.idempotency_key, *said, page, settings["level"], organization)
        for person in people if settings["by_email"] else []:
            link = f"{django_settings.PUBLIC_URL}{page}" if django_settings.PUBLIC_URL else ""
            context = {"title": said[0], "text": said[1], "link": link, "label": gettext("Open the execution")}
            mail.send(person.email, said[0], "message", context, organization=organization)
        return {"told": [person.email for person in people]}

    def _people(self, settings: dict, organization_id: Any) -> list[User]:
        """The active members that are meant. Raises the failure that names who is none."""
        members = User.objects.filter(is_active=True, memberships__organization=organization_id)
        name = self.Config.base_fields["to"].label
        if settings["to"]:
            wanted = {address.rpartition("<")[2].rstrip(">").lower() for address in settings["to"]}
            found = list(members.filter(email__in=wanted).order_by("pk"))
            if strangers := wanted - {person.email.lower() for person in found}:
                message = gettext("“%s” is not an active member of the organization.")
                raise refuse(name, message % "”, “".join(sorted(strangers)))
            return found
        roles = {"owner": ["owner"], "admin": ["owner", "admin"]}.get(settings["role"])
        if roles:
            members = members.filter(memberships__organization=organization_id, memberships__role__in=roles)
        found = list(members.distinct().order_by("pk")[: MOST_PEOPLE + 1])
        if len(found) > MOST_PEOPLE:
            raise refuse(name, gettext("at most %d people can be told at once.") % MOST_PEOPLE)
        return found


@node_types.register
class PublishEvent(NodeType):
    kind, label, icon, family = "event.publish", _("Publish an event"), "campaign", Family.OUTSIDE
    summary = _("Say that something happened; workflows that wait for it or are started by it hear it.")
    gives = _("An object: the name and the payload of the event; its cause is this execution.")
    effect = Effect.TRANSACTION

    class Config(ConfigForm):
        name = TextField(
            label=_("Name"),
            max_length=80,
            validators=[RegexValidator(r"\A[a-z][a-z0-9_]*(\.[a-z0-9_]+)*\Z", _("Small letters, digits, _ and dots."))],
            help_text=_("Such as order.paid; others hear it as custom.order.paid."),
        )
        payload = source_field(_("What it says"))
        about = TextField(
            label=_("What it is about"),
            required=False,
            max_length=200,
            help_text=_("Such as the number of the order: events about the same are heard in their order."),
        )

    def run(self, settings: dict, step: Step) -> dict:
        payload = given(settings, "payload", step)
        payload = payload if isinstance(payload, dict) else {"value": payload}
        if len(str(payload)) > LARGEST_EVENT:
            raise PermanentFailure(gettext("An event says at most %d characters.") % LARGEST_EVENT)
        payload = {**payload, "cause": str(step.execution_id)}  # by it, workflows that start each other are told
        name = PREFIX + settings["name"].removeprefix(PREFIX)
        key = f"{step.organization_id}:{name}:{settings['about']}"[:200]
        bus.publish(Event(name, payload, key, organization_id=step.organization_id))
        return {"name": name, "payload": payload}
