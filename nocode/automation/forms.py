"""Forms of the builder: a step, a trigger, a connection, the input of a run."""

import json
from itertools import product
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nocode.automation.integrations import SecretField
from nocode.automation.models import Approval, Integration, Node, Trigger, Workflow
from nocode.automation.nodes.config import PER_ITEM
from nocode.automation.nodes.questions import as_input, questions_of
from nocode.automation.services import drafts
from nocode.automation.services.notifications import Channel, Choice, On
from nocode.foundation.admin.forms import OnlyOrganizationField, SeenForm
from nocode.foundation.json_text import JsonField


def plain_data(form: forms.BaseForm) -> dict[str, Any]:
    """The settings of a valid form as JSON: the typed values, and as text what JSON has no type for."""
    raw = {name: form[name].data for name in form.fields}
    data = {name: value if _is_json(value) else raw[name] for name, value in form.cleaned_data.items()}
    return data if data.get(PER_ITEM) else {name: value for name, value in data.items() if name != PER_ITEM}


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str | list | dict)


class StepForm(SeenForm):
    """What every step has, whatever its type."""

    seen_on = "label"

    class Meta:
        model = Node
        fields = ["label", "key", "on_error", "max_retries"]

    key = forms.CharField(
        label=_("Key"),
        required=False,
        max_length=drafts.KEY_LENGTH,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", _("Small letters, digits and _ only, a letter first."))],
        help_text=_("Other steps read the output of this one as steps.<key>. Empty: made from the name."),
    )

    @property
    def first(self) -> list[forms.BoundField]:
        """What a person fills in first."""
        return [self["label"]]

    @property
    def rest(self) -> list[forms.BoundField]:
        """What usually stays as it is."""
        return [self["key"], self["on_error"], self["max_retries"], self["seen_at"]]

    def clean_key(self) -> str:
        key = self.cleaned_data["key"] or self.instance.key
        if key and self.instance.workflow.nodes.filter(key=key).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("Another step has this key."))
        return key


class PlaceForm(forms.Form):
    """Where a new step goes: the output it follows."""

    after = forms.ChoiceField(label=_("Comes after"), required=False)
    insert = forms.BooleanField(
        label=_("Put it in between: what follows there now will follow the new step"), required=False, initial=True
    )

    def __init__(self, *args: Any, outputs: list[tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["after"].choices = [("", _("Nothing: the workflow begins here")), *outputs]


class ConnectionForm(forms.Form):
    """A connection between an output and a step."""

    source = forms.ChoiceField(label=pgettext_lazy("connect … to …", "From"))
    target = forms.ChoiceField(label=pgettext_lazy("connect … to …", "To"))

    def __init__(self, *args: Any, outputs: list[tuple[str, str]], steps: list[tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = outputs
        self.fields["target"].choices = steps


class TriggerForm(SeenForm):
    """What every trigger has, whatever its kind."""

    seen_on = "name"

    class Meta:
        model = Trigger
        fields = ["name", "is_active", "entry"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        steps = self.instance.workflow.nodes.order_by("label").values_list("key", "label")
        self.fields["entry"] = forms.ChoiceField(
            label=self.fields["entry"].label,
            required=False,
            choices=[("", _("Every step that follows no other")), *steps],
        )


class IntegrationForm(SeenForm):
    """What every integration has, whatever its type; once made, it stays in its organization."""

    seen_on = "name"

    class Meta:
        model = Integration
        fields = ["organization", "name", "is_active"]

    def __init__(self, *args: Any, organizations: QuerySet, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            del self.fields["organization"]
        elif len(organizations[:2]) == 1:
            self.fields["organization"] = OnlyOrganizationField(organizations)
        else:
            self.fields["organization"].queryset = organizations

    def _get_validation_exclusions(self) -> set[str]:
        """The organization is checked also where it is not shown: a name is taken only within it."""
        return super()._get_validation_exclusions() - {"organization"}


class NotificationForm(forms.Form):
    """A row for each end of an execution, a column for each way of telling, and the address that is called."""

    address = SecretField(
        label=_("Address to call"),
        required=False,
        max_length=2000,
        validators=[URLValidator(["http", "https"])],
        help_text=_("It is sent JSON by POST. Kept encrypted: such an address lets whoever knows it in."),
    )

    def __init__(self, *args: Any, choice: Choice, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for on, channel in product(On, Channel):
            told = channel in choice.channels.get(on, ())
            label = _("%(name)s: %(text)s") % {"name": on.label, "text": channel.label}
            self.fields[f"{on}-{channel}"] = forms.BooleanField(label=label, required=False, initial=told)
        if choice.host:
            self.fields["address"].show_as_kept()

    @property
    def rows(self) -> list[tuple[str, list[forms.BoundField]]]:
        """(end, its boxes)."""
        return [(on.label, [self[f"{on}-{channel}"] for channel in Channel]) for on in On]

    @property
    def columns(self) -> list[str]:
        """The ways of telling."""
        return [channel.label for channel in Channel]

    @property
    def channels(self) -> dict[str, set[str]]:
        """What was ticked."""
        return {on: {each for each in Channel if self.cleaned_data[f"{on}-{each}"]} for on in On}


class DecisionForm(forms.Form):
    """The answer to an approval: what is asked besides, a comment, and which of the two buttons was pressed."""

    decision = forms.ChoiceField(choices=[(each.value, each.label) for each in Approval.DECISIONS])
    comment = forms.CharField(
        label=_("Comment"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, approval: Approval, **kwargs: Any):
        super().__init__(*args, **kwargs)
        asked = {f"field-{name}": field for name, field in questions_of(approval.fields_asked).items()}
        self.fields = {**asked, **self.fields}
        if self.data.get("decision") == Approval.State.REJECTED:  # whoever says no need not fill in the rest
            for name in asked:
                self.fields[name].required = False

    @property
    def shown(self) -> list[forms.BoundField]:
        """What is filled in; the decision is a button."""
        return [self[name] for name in self.fields if name != "decision"]

    @property
    def answer(self) -> dict[str, Any]:
        """What was answered, as `approvals.decide` takes it."""
        values = {name.removeprefix("field-"): value for name, value in self.cleaned_data.items() if "-" in name}
        chosen = {name: self.cleaned_data[name] for name in ("decision", "comment")}
        return chosen | {"values": as_input(values)}


class RunForm(forms.Form):
    """The input of a run started by hand."""

    input = JsonField(
        label=_("Input (JSON)"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Steps read it as trigger. Empty: {}."),
    )


class Indented(json.JSONEncoder):
    """JSON as people like to read it."""

    def __init__(self, **options: Any):
        super().__init__(**{**options, "indent": 2})


class AgainForm(RunForm):
    """The input of a run that is repeated, and of which version; the same one is all there is to choose at times."""

    SAME, CURRENT = "same", "current"

    version = forms.ChoiceField(label=_("Version"))

    def __init__(self, *args: Any, same: Any, current: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["input"].widget.attrs["rows"], self.fields["input"].encoder = 16, Indented
        choices = [(self.SAME, _("The same: %s") % same), (self.CURRENT, _("The published one: %s") % current)]
        self.fields["version"].choices = choices if current != same else choices[:1]
        self.initial.setdefault("version", self.SAME)

    @property
    def asks_current(self) -> bool:
        """Whether the published version was asked for."""
        return self.cleaned_data["version"] == self.CURRENT


class PublishForm(forms.Form):
    """A word about what changed."""

    note = forms.CharField(label=_("What changed, in a few words"), required=False, max_length=200)


def conditions_of(form: Any) -> dict[str, dict[str, str]]:
    """When a field is shown, by its name: the input that decides, and its values."""
    return {
        name: {"field": form.add_prefix(field), "values": " ".join(sorted(values))}
        for name, (field, values) in getattr(form, "conditional", {}).items()
    }


def output_choices(workflow: Workflow) -> list[tuple[str, str]]:
    """Every output of every step as ("<node id> <port>", "step · output")."""
    return [
        (f"{node.pk} {port}", f"{node.label} · {label or port}" if port != "main" else node.label)
        for node in workflow.nodes.order_by("created_at")
        for port, label in drafts.ports_of(node)
    ]
