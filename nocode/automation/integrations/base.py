"""What a type of integration is. To add one: write its class in a file here and import that file in `__init__.py`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _

from nocode.automation.errors import InvalidIntegration
from nocode.foundation.registry import Registry

if TYPE_CHECKING:
    from nocode.automation.integrations.chosen import Credentials


class SecretField(forms.CharField):
    """A credential: typed once, encrypted, and never sent back to a browser."""

    widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
    is_kept = False

    def show_as_kept(self) -> None:
        """There is one already: an empty input keeps it."""
        self.is_kept = True
        self.required = self.widget.is_required = False
        self.widget.attrs["placeholder"] = _("•••, leave empty to keep")


class IntegrationType:
    """Base of every type of integration. `kind` is stored and never changes meaning."""

    kind: str
    label: str
    summary: str  # one sentence for the person who looks for a type
    icon: str  # a Material Symbols name
    protocol: str  # which steps can use it: those that speak "http", or "smtp"

    class Config(forms.Form):
        """The settings and the secrets: each SecretField is kept encrypted, all else as readable JSON."""

    @property
    def secret_names(self) -> set[str]:
        """The fields that are kept encrypted."""
        return {name for name, field in self.Config.base_fields.items() if isinstance(field, SecretField)}

    def form(self, *, has_secrets: bool, **options: Any) -> forms.Form:
        """The form that draws the settings; secrets which are kept already may stay empty."""
        form = self.Config(**options)
        for name in self.secret_names if has_secrets else ():
            form.fields[name].show_as_kept()
        return form

    def clean(self, values: Mapping[str, Any], *, has_secrets: bool = False) -> tuple[dict[str, Any], dict[str, str]]:
        """Checked (settings, secrets); secrets that are kept already may stay empty.

        Raises InvalidIntegration; `details["errors"]` is by field.
        """
        fields = self.Config.base_fields
        form = self.form(has_secrets=has_secrets, data=values)
        errors = {name: [str(text) for text in texts] for name, texts in form.errors.items()}
        errors |= {name: [_("This setting does not exist; remove it.")] for name in values.keys() - fields.keys()}
        if errors:
            name, texts = next(iter(errors.items()))
            label = fields[name].label if name in fields else name
            raise InvalidIntegration(_("%(name)s: %(text)s") % {"name": label, "text": texts[0]}, errors=errors)
        secrets = {name: form.cleaned_data[name] for name in self.secret_names}
        return {name: value for name, value in form.cleaned_data.items() if name not in secrets}, secrets

    def test(self, credentials: "Credentials") -> str:
        """Use the credentials once, for nothing but to see whether they work; what happened, in plain words.

        Raises StepFailure when they do not work, NotTestable when it cannot be tried.
        """
        raise NotImplementedError


integration_types: Registry[IntegrationType] = Registry("integration types")
