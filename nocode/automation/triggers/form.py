"""Started by whoever fills in a form, on a page of its own."""

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes.questions import questions_field
from nocode.automation.triggers.base import TriggerType, trigger_types
from nocode.automation.triggers.manual import AskingForm

ANYONE, MEMBERS = "anyone", "members"


@trigger_types.register
class FormTrigger(TriggerType):
    kind, label, icon = "form", _("Form"), "edit_document"
    summary = _("Somebody fills in a form at an address of ours; what they fill in is `trigger`.")

    class Config(AskingForm):
        """What the form says and asks, and whom."""

        title = forms.CharField(label=_("Title"), max_length=150)
        text = forms.CharField(
            label=_("Text above"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
        )
        fields_asked = questions_field(label=_("Questions"))
        thanks = forms.CharField(
            label=_("Answer"),
            max_length=2000,
            initial=_("Thank you. We have received what you sent."),
            widget=forms.Textarea(attrs={"rows": 2}),
        )
        who = forms.ChoiceField(
            label=_("Who may fill it in"),
            choices=[(ANYONE, _("Everybody who has the address")), (MEMBERS, _("Members of the organization"))],
            initial=ANYONE,
        )
        rate_limit = forms.IntegerField(
            label=_("At most per minute"),
            min_value=1,
            max_value=10_000,
            initial=30,
            help_text=_("What comes faster is refused for a while, so that a program cannot flood the workflow."),
        )

    def describe(self, trigger) -> str:
        """Its title."""
        return str(self.clean(trigger.config)["title"])
