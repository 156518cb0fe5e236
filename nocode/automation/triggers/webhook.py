"""Started by a call from another system to `/hooks/<token>/`."""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings as django_settings
from django.core.validators import RegexValidator
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.automation.triggers.base import InvalidTrigger, TriggerType, settings_of, trigger_types
from nocode.automation.triggers.signatures import schemes
from nocode.automation.webhooks.senders import read_networks
from nocode.foundation.json_text import JsonField

HEADER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
MAX_WAIT_SECONDS = 30

AT_ONCE, WAIT, RESPOND = "at_once", "wait", "respond"
# Where senders put their id of a delivery, in the order in which it is looked for.
DELIVERY_ID_HEADERS = ("x-github-delivery", "webhook-id", "idempotency-key")
# Those that put it into the body, and under which name.
DELIVERY_ID_FIELDS = {"stripe": "id", "slack": "event_id"}

_header_name = RegexValidator(rf"\A{HEADER_NAME.pattern}\Z", gettext_lazy("This is not the name of a header."))


@trigger_types.register
class Webhook(TriggerType):
    kind, label, icon = "webhook", gettext_lazy("Webhook"), "webhook"
    summary = gettext_lazy("Another system calls an address of ours; what it sends is `trigger.body`.")

    class Config(forms.Form):
        """How to call, who may call, and what is answered."""

        conditional = {
            "header_name": ("security", {"header"}),
            "username": ("security", {"basic"}),
            "signature_header": ("security", {"hmac"}),
            "tolerance": ("security", {"stripe", "slack", "standard"}),
            "wait_seconds": ("answer", {WAIT, RESPOND}),
        }

        security = forms.ChoiceField(
            label=gettext_lazy("Security"),
            choices=schemes.choices,
            initial="none",
            help_text=gettext_lazy("How a sender proves who it is. All but the first two need a secret."),
        )
        header_name = forms.CharField(
            label=gettext_lazy("Header with the secret"),
            required=False,
            initial="X-Webhook-Secret",
            validators=[_header_name],
        )
        username = forms.CharField(label=gettext_lazy("User name"), required=False, max_length=100)
        signature_header = forms.CharField(
            label=gettext_lazy("Header with the signature"),
            required=False,
            initial="X-Signature-256",
            validators=[_header_name],
        )
        tolerance = forms.IntegerField(
            label=gettext_lazy("Replay window (seconds)"),
            min_value=10,
            max_value=3600,
            initial=300,
            help_text=gettext_lazy("A signature that is older, or from the future, is refused."),
        )
        answer = forms.ChoiceField(
            label=gettext_lazy("Answer"),
            choices=[
                (AT_ONCE, gettext_lazy("At once: 202 and the number of the execution")),
                (WAIT, gettext_lazy("The result of the workflow")),
                (RESPOND, gettext_lazy("What a “Respond to webhook” step says")),
            ],
            initial=AT_ONCE,
        )
        wait_seconds = forms.IntegerField(
            label=gettext_lazy("Wait at most (seconds)"),
            min_value=1,
            max_value=MAX_WAIT_SECONDS,
            initial=25,
            help_text=gettext_lazy("After that the answer is 202, and the execution goes on."),
        )
        methods = forms.MultipleChoiceField(
            label=gettext_lazy("Methods"), choices=[(name, name) for name in ("POST", "PUT", "GET")], initial=["POST"]
        )
        dedup_header = forms.CharField(
            label=gettext_lazy("Header with the delivery number"),
            required=False,
            validators=[_header_name],
            help_text=gettext_lazy(
                "A second call with the same number starts nothing. Empty: the ones of GitHub, Stripe, Slack and "
                "Standard Webhooks, or Idempotency-Key."
            ),
        )
        allowed_ips = forms.CharField(
            label=gettext_lazy("Allowed addresses"),
            required=False,
            widget=forms.Textarea(attrs={"rows": 3, "placeholder": "192.0.2.0/24"}),
            help_text=gettext_lazy("One address or network per line. Empty: everybody."),
        )
        rate_limit = forms.IntegerField(
            label=gettext_lazy("Calls per minute"),
            required=False,
            min_value=1,
            max_value=100_000,
            help_text=gettext_lazy("Empty: no limit."),
        )
        max_body_bytes = forms.IntegerField(
            label=gettext_lazy("Largest body (bytes)"),
            required=False,
            min_value=1,
            help_text=gettext_lazy("Empty: the limit of this installation."),
        )
        sample = JsonField(
            label=gettext_lazy("Sample body"),
            required=False,
            initial={"hello": "world"},
            widget=forms.Textarea(attrs={"rows": 5}),
            help_text=gettext_lazy("JSON, for the example call and for trying the workflow."),
        )

        def clean_allowed_ips(self) -> str:
            """One network per line, each in its usual form."""
            try:
                return "\n".join(read_networks(self.cleaned_data["allowed_ips"]))
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None

        def clean_max_body_bytes(self) -> int | None:
            """At most what the installation allows."""
            value, most = self.cleaned_data["max_body_bytes"], django_settings.WEBHOOK_MAX_BODY_BYTES
            if value and value > most:
                raise forms.ValidationError(_("This installation accepts at most %d bytes.") % most)
            return value

        def clean(self) -> dict[str, Any]:
            """What the chosen security needs is there."""
            data = super().clean()
            for name in ("header_name", "username", "signature_header"):
                if data.get("security") in self.conditional[name][1] and name in data and not data[name]:
                    self.add_error(name, self.fields[name].default_error_messages["required"])
            return data

    def describe(self, trigger) -> str:
        """How it is protected."""
        return str(schemes[self.clean(trigger.config)["security"]].label)

    def needs_secret(self, settings: Mapping[str, Any]) -> bool:
        """Most kinds of security share one with the sender."""
        return schemes[settings["security"]].has_secret

    def check_secret(self, settings: Mapping[str, Any], secret: str) -> None:
        """Raise InvalidTrigger when the secret cannot serve."""
        try:
            schemes[settings["security"]].check_secret(secret)
        except ValueError as error:
            raise InvalidTrigger(str(error)) from None


def curl_example(trigger, base_url: str, secret: str = "") -> str:
    """A call to paste into a shell. The secret is stored unreadable, so only who has just made it can fill it in."""
    settings = settings_of(trigger)
    method = "POST" if "POST" in settings["methods"] else settings["methods"][0]
    scheme = schemes[settings["security"]]
    prepared, headers = scheme.shell(settings)
    lines = [f"SECRET={shlex.quote(secret or _('put the secret here'))}"] if scheme.has_secret else []
    call = f"curl -X {method} {shlex.quote(base_url.rstrip('/') + reverse('webhook', args=[trigger.token]))}"
    arguments = [f'-H "{header}"' for header in headers]
    if method == "GET":
        lines.append("BODY=''")
    else:
        lines.append(f"BODY={shlex.quote(json.dumps(settings['sample'], ensure_ascii=False))}")
        arguments += ["-H 'Content-Type: application/json'", '--data-binary "$BODY"']
    return "\n".join([*lines, *prepared, " \\\n  ".join([call, *arguments])])


def delivery_id(settings: Mapping[str, Any], headers: Mapping[str, str], body: Any) -> str:
    """The sender's own number of a delivery; empty when it gave none."""
    names = [settings["dedup_header"].lower()] if settings["dedup_header"] else DELIVERY_ID_HEADERS
    given = next((headers[name].strip() for name in names if headers.get(name, "").strip()), "")
    in_body = DELIVERY_ID_FIELDS.get(settings["security"], "")
    if not given and isinstance(body, dict) and isinstance(body.get(in_body), str):
        given = body[in_body]
    return given
