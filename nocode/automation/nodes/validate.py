"""The step that checks data against a JSON Schema."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import regex
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.exceptions import ValidationError as Mismatch
from jsonschema.validators import extend
from jsonschema_specifications import REGISTRY
from referencing.exceptions import Unresolvable

from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes.base import Example, Family, NodeType, Outcome, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField
from nocode.automation.nodes.values import fingerprint, given, refuse, source_field
from nocode.foundation.json_text import read_json
from nocode.studio.fields import patterns

DATA, SCHEMA = _("Data"), _("JSON Schema")
MOST_ERRORS = 50
LONGEST_MESSAGE = 300
PATTERN_SECONDS = 0.5


class SchemaField(TextField):
    """A JSON Schema, understood before it is kept."""

    def __init__(self, **options: Any):
        super().__init__(label=SCHEMA, widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}), **options)

    def prepare_value(self, value: Any) -> Any:
        return super().to_python(value)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return ""
        schema = read_json(value) if isinstance(value, str) else value
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            where = {"path": error.json_path, "why": _short(error.message)}
            raise ValidationError(gettext("%(path)s: %(why)s.") % where) from None
        except RecursionError:
            raise ValidationError(gettext("it is nested too deeply")) from None
        return schema

    def run_validators(self, value: Any) -> None:
        """Its text was read already."""


def _matches(pattern: str, text: str) -> bool:
    """Whether a pattern of a schema is found in a text; one that takes too long is the step's failure."""
    try:
        if patterns.is_too_large(pattern):
            raise refuse(SCHEMA, gettext("the pattern %s repeats too much.") % pattern[:100])
        return regex.search(pattern, text, timeout=PATTERN_SECONDS) is not None
    except TimeoutError:
        raise refuse(SCHEMA, gettext("the pattern %s takes too long.") % pattern[:100]) from None
    except regex.error as error:
        raise refuse(
            SCHEMA, gettext("the pattern %(p)s is none: %(why)s.") % {"p": pattern[:100], "why": error}
        ) from None


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Mismatch]:
    if isinstance(instance, str) and not _matches(pattern, instance):
        yield Mismatch(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, by_pattern: dict, instance: Any, _schema: Any) -> Iterator[Mismatch]:
    if isinstance(instance, dict):
        for pattern, schema in by_pattern.items():
            for name, value in instance.items():
                if _matches(pattern, name):
                    yield from validator.descend(value, schema, path=name, schema_path=pattern)


def _unique(_validator: Any, wanted: bool, instance: Any, _schema: Any) -> Iterator[Mismatch]:
    if wanted and isinstance(instance, list) and len(set(map(fingerprint, instance))) < len(instance):
        yield Mismatch("the items are not all different")


_Validator = extend(
    Draft202012Validator,
    {"pattern": _pattern, "patternProperties": _pattern_properties, "uniqueItems": _unique},
)


def _short(message: str) -> str:
    return message if len(message) <= LONGEST_MESSAGE else message[:LONGEST_MESSAGE] + "…"


def mismatches(data: Any, schema: Any) -> list[dict[str, str]]:
    """Where the data are not as the schema says: path and message. Nothing is fetched from other addresses."""
    validator = _Validator(schema, registry=REGISTRY, format_checker=Draft202012Validator.FORMAT_CHECKER)
    try:
        found = list(islice(validator.iter_errors(data), MOST_ERRORS))
    except Unresolvable as error:
        raise refuse(SCHEMA, gettext("it leads to “%s”, which is not in it.") % error.ref) from None
    except RecursionError:
        raise refuse(SCHEMA, gettext("it leads to itself without end.")) from None
    return [{"path": error.json_path, "message": _short(error.message)} for error in found]


@node_types.register
class Validate(NodeType):
    kind, label, icon, family = "validate", _("Check data"), "fact_check", Family.DATA
    summary = _("See whether data are as a JSON Schema says, before anything is done with them.")
    gives = _("The data. Through “invalid”: an object with the data and the errors, each with its path and a message.")
    example = Example({"schema": {"type": "object", "required": ["name"]}}, {"name": "Ana"}, {"name": "Ana"})
    can_run_per_item = False

    class Config(ConfigForm):
        data = source_field(DATA)
        schema = SchemaField(help_text=_('Such as {"type": "object", "required": ["email"]}.'))
        on_invalid = forms.ChoiceField(
            label=_("Data that are not so"),
            choices=[("branch", _("leave through “invalid”")), ("fail", _("make the step fail"))],
            initial="branch",
        )

    def ports(self, config: dict) -> list[tuple[str, str]]:
        ports = [("main", _("valid"))]
        return ports if config.get("on_invalid") == "fail" else [*ports, ("invalid", _("invalid"))]

    def run(self, settings: dict, step: Step) -> Any:
        data = given(settings, "data", step)
        errors = mismatches(data, settings["schema"])
        if not errors:
            return Outcome(data)
        if settings["on_invalid"] == "branch":
            return Outcome({"data": data, "errors": errors}, ("invalid",))
        told = "; ".join(f"{error['path']}: {error['message']}" for error in errors[:5])
        raise PermanentFailure(gettext("The data are not as they should be: %s") % told)
