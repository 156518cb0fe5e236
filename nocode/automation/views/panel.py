"""The panel beside the canvas: what is typed into a step's form becomes the operation `configure`."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from nocode.automation.errors import InvalidDraft
from nocode.automation.models import Workflow
from nocode.automation.views.builder import step_forms
from nocode.foundation.json_text import check_storable

OF_STEP = ("label", "key", "on_error", "max_retries")


def typed_operations(workflow: Workflow, given: list) -> tuple[list[Any], dict[str, list[str]]]:
    """The operations, and what the forms in them refuse, by the name of the input.

    A `configure` may have a `form`, as a browser sends it: it gets the settings that form spells. What is refused is
    kept as it was typed: the draft loses nothing, and its problems say so. A name, a key or a number that cannot be is
    left as it was.
    """
    mistakes: dict[str, list[str]] = {}
    return [_typed(workflow, each, mistakes) for each in given], mistakes


def _typed(workflow: Workflow, given: Any, mistakes: dict[str, list[str]]) -> Any:
    if not isinstance(given, dict):
        raise InvalidDraft(_("An operation is an object with “op”."))
    if given.get("op") != "configure" or "form" not in given:
        return given
    node = workflow.nodes.filter(key=given.get("step")).select_related("workflow__project").first()
    if node is None or not isinstance(given["form"], str):
        raise InvalidDraft(_("There is no step “%s”; it may have been deleted.") % given.get("step"))
    typed = QueryDict(given["form"], mutable=True)
    typed.pop("seen_at", None)  # the revision of the draft tells whether somebody else changed it
    found = step_forms(node, typed)
    for form in found.values():
        mistakes.update({form.add_prefix(name): list(messages) for name, messages in form.errors.items()})
    return {"op": "configure", "step": node.key, **_of_step(found["step"]), **_settings(found.get("config"))}


def _of_step(form: forms.ModelForm) -> dict[str, Any]:
    form.full_clean()
    good = form.fields.keys() & form.cleaned_data.keys() - form.errors.keys()
    return {name: form.cleaned_data[name] for name in OF_STEP if name in good and name in form.data}


def _settings(form: forms.Form | None) -> dict[str, Any]:
    if form is None:
        return {}
    form.full_clean()
    return {"config": {name: _kept(form, name) for name in form.fields}}


def _kept(form: forms.Form, name: str) -> Any:
    """The typed value, or what was sent where that is no value of the field, or none that JSON has a word for."""
    value = form.cleaned_data.get(name, form[name].data)
    try:
        check_storable(value)
    except ValidationError:
        return form[name].data
    return value
