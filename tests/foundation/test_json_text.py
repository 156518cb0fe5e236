"""JSON that people type, in every form that takes some."""

import pytest
from django import forms
from django.urls import reverse

from nocode.automation.models import Trigger, Workflow, WorkflowExecution
from nocode.foundation.json_text import JsonField
from tests.automation.screens import make_office

UNUSABLE = {
    "NUL": ('{"a": "\\u0000"}', "cannot be stored"),
    "half a surrogate pair": ('{"a": "\\ud800"}', "cannot be stored"),
    "a key that cannot be stored": ('{"\\u0000": 1}', "cannot be stored"),
    "no number": ('{"a": NaN}', "no word for"),
    "too large a number": ('{"a": 1e999}', "no word for"),
    "deep": ("[" * 100_000, "nested too deeply"),
    "deep but closed": ("[" * 200 + "]" * 200, "nested too deeply"),
    "long number": ("9" * 5000, "too long"),
    "no JSON": ('{\n  "x": 4,\n}', "line 3, column 1"),
}
each_unusable = pytest.mark.parametrize(("text", "why"), UNUSABLE.values(), ids=UNUSABLE)


class JsonForm(forms.Form):
    value = JsonField(required=False)


@each_unusable
def test_what_cannot_be_kept_is_refused_and_shown_as_typed(text, why):
    form = JsonForm({"value": text})

    assert why in form.errors["value"][0]
    assert form["value"].value() == text


@pytest.mark.parametrize(("text", "value"), [('{"a": [1, "é"]}', {"a": [1, "é"]}), ('"b"', "b"), ("0", 0), (" ", None)])
def test_what_can_be_kept_is_read(text, value):
    form = JsonForm({"value": text})

    assert form.is_valid()
    assert form.cleaned_data["value"] == value


def test_nothing_is_shown_as_nothing():
    assert JsonForm()["value"].value() == ""


@each_unusable
@pytest.mark.django_db
def test_no_form_of_the_console_takes_it(text, why):
    office = make_office()
    workflow, client = office.workflow(), office.client("owner")
    trigger = Trigger.objects.create(workflow=workflow, kind="webhook", name="Hook")
    general = {"name": "New name", "timeout": 10, "variables": text}

    run = client.post(reverse("admin:workflow_run", args=[workflow.pk]), {"input": text})
    change = client.post(reverse("admin:automation_workflow_change", args=[workflow.pk]), general)
    hook = client.post(
        reverse("admin:automation_trigger_change", args=[trigger.pk]), {"name": "Hook", "config-sample": text}
    )

    assert why in run.context["form"].errors["input"][0]
    assert why in change.context["adminform"].errors["variables"][0]
    assert why in hook.context["config_form"].errors["sample"][0]
    assert not WorkflowExecution.objects.exists()
    assert not Workflow.objects.filter(name="New name").exists()
