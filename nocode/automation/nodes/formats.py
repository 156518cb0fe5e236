"""Steps that read and write CSV, JSON and XML."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes import xmltext
from nocode.automation.nodes.base import Example, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField
from nocode.automation.nodes.values import MOST_ITEMS, a_list, a_number, a_text, given, plain, refuse, source_field
from nocode.foundation.spreadsheet import harmless
from nocode.studio.importing import csvs

CSV, JSON, XML, ROWS = _("CSV"), _("JSON"), _("XML"), _("Rows")
DELIMITERS = [(",", _("comma")), (";", _("semicolon")), ("tab", _("tab")), ("|", "|")]


class FormatNode(NodeType):
    """Shared by them: they all stand in one group."""

    family = Family.FORMATS


def typed(cell: str) -> Any:
    """What a cell holds, rather than its text: a number, yes or no, nothing. A zero in front makes it a code."""
    text = cell.strip()
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    is_code = len(text.lstrip("-")) > 1 and text.lstrip("-")[0] == "0" and text.lstrip("-")[1].isdigit()
    number = None if is_code or not text.isascii() or "_" in text else a_number(text)
    if number is not None and len(text) <= 20:
        return plain(number)
    return None if text == "" else cell


def objects(rows: Iterable[list[str]], names: list[str], convert: bool) -> list[dict[str, Any]]:
    """Rows of cells as objects; cells that are missing are empty."""
    change = typed if convert else str
    return [
        {name: change(row[index] if index < len(row) else "") for index, name in enumerate(names)}
        for row in rows
        if any(row)
    ]


def table_of(items: list, columns: str = "") -> tuple[list[str], list[list[Any]]]:
    """The names of the columns and the rows of a list of objects, lists or plain values."""
    names = [name.strip() for name in columns.split(",") if name.strip()]
    if not names:
        names = list(dict.fromkeys(str(name) for item in items if isinstance(item, dict) for name in item))
    if not names:
        return [], [item if isinstance(item, list) else [item] for item in items]
    return names, [[item.get(name) if isinstance(item, dict) else None for name in names] for item in items]


def _cell(value: Any, is_safe: bool) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return harmless(value) if is_safe else value


def csv_text(items: list, *, columns: str, delimiter: str, header: bool, is_safe: bool) -> str:
    """A list as CSV."""
    names, rows = table_of(items, columns)
    written = io.StringIO()
    writer = csv.writer(written, delimiter="\t" if delimiter == "tab" else delimiter, lineterminator="\n")
    if header and names:
        writer.writerow([_cell(name, is_safe) for name in names])
    writer.writerows([_cell(value, is_safe) for value in row] for row in rows)
    return written.getvalue()


@node_types.register
class ParseCsv(FormatNode):
    kind, label, icon = "csv.parse", _("Read CSV"), "csv"
    summary = _("Make a list of objects of a text with commas, semicolons or tabs between its values.")
    gives = _("A list of objects; without a first row of names, a list of lists.")
    example = Example({}, "name;age\nAna;40\n", [{"name": "Ana", "age": 40}])

    class Config(ConfigForm):
        text = source_field(CSV)
        delimiter = forms.ChoiceField(
            label=_("Between the values"), required=False, choices=[("", _("find out")), *DELIMITERS]
        )
        header = forms.BooleanField(label=_("The first row holds the names"), required=False, initial=True)
        convert = forms.BooleanField(
            label=_("Understand numbers, yes and no"),
            required=False,
            initial=True,
            help_text=_("Otherwise everything stays text. What begins with 0, such as 0123, always does."),
        )

    def run(self, settings: dict, step: Step) -> list:
        text = a_text(given(settings, "text", step), CSV).removeprefix("\ufeff")
        rows = self._rows(text, settings["delimiter"])
        if not settings["header"]:
            return [[typed(cell) if settings["convert"] else cell for cell in row] for row in rows if any(row)]
        names = rows[0] if rows else []
        if len(set(names)) < len(names):
            raise refuse(CSV, gettext("two columns have the same name."))
        return objects(rows[1:], names, settings["convert"])

    @staticmethod
    def _rows(text: str, delimiter: str) -> list[list[str]]:
        found, quote = csvs.sniff(text[:65_536], is_whole=len(text) <= 65_536)
        wanted = {"": found, "tab": "\t"}.get(delimiter, delimiter)
        try:
            rows = []
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=wanted, quotechar=quote or '"', strict=True):
                rows.append(row)
                if len(rows) > MOST_ITEMS:
                    raise refuse(CSV, gettext("it has more than %d rows.") % MOST_ITEMS)
        except csv.Error as error:
            why = gettext("row %(row)d cannot be read: %(why)s.") % {"row": len(rows) + 1, "why": error}
            raise refuse(CSV, why) from None
        return rows


@node_types.register
class FormatCsv(FormatNode):
    kind, label, icon = "csv.format", _("Write CSV"), "csv"
    summary = _("Make a text of a list of objects, as spreadsheets read it.")
    gives = _("A text.")
    example = Example(
        {"columns": "name, age"}, [{"name": "Ana, Bo", "age": 40}, {"age": 7}], 'name,age\n"Ana, Bo",40\n,7\n'
    )

    class Config(ConfigForm):
        items = source_field(ROWS)
        columns = TextField(
            label=_("Columns"),
            required=False,
            max_length=10_000,
            help_text=_("Their names with commas between them. Empty: all that the objects have."),
        )
        delimiter = forms.ChoiceField(label=_("Between the values"), choices=DELIMITERS, initial=",")
        header = forms.BooleanField(label=_("The first row holds the names"), required=False, initial=True)
        is_safe = forms.BooleanField(
            label=_("For spreadsheets"),
            required=False,
            initial=True,
            help_text=_("A text that a spreadsheet would run as a formula gets an apostrophe in front."),
        )

    def run(self, settings: dict, step: Step) -> str:
        items = a_list(given(settings, "items", step), ROWS)
        return csv_text(items, **{name: settings[name] for name in ("columns", "delimiter", "header", "is_safe")})


@node_types.register
class ParseJson(FormatNode):
    kind, label, icon = "json.parse", _("Read JSON"), "data_object"
    summary = _("Make values of a text in JSON.")
    gives = _("What the text holds.")
    example = Example({}, '{"a": [1, 2]}', {"a": [1, 2]})

    class Config(ConfigForm):
        text = source_field(JSON)

    def run(self, settings: dict, step: Step) -> Any:
        return json_of(a_text(given(settings, "text", step), JSON), JSON)


def json_of(text: str, name: Any) -> Any:
    """The value of a text in JSON. Raises the failure that names the setting, the line and the column."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno, "why": error.msg}
        raise refuse(name, gettext("line %(line)d, column %(column)d: %(why)s.") % place) from None
    except (ValueError, RecursionError) as error:
        raise refuse(name, gettext("this is no JSON: %s.") % error) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(gettext("%s is no number of JSON") % name)


@node_types.register
class FormatJson(FormatNode):
    kind, label, icon = "json.format", _("Write JSON"), "data_object"
    summary = _("Make a text in JSON of any values.")
    gives = _("A text.")
    example = Example({}, {"a": [1, "é"]}, '{"a": [1, "é"]}')

    class Config(ConfigForm):
        value = source_field(_("Value"))
        pretty = forms.BooleanField(label=_("With line breaks"), required=False)

    def run(self, settings: dict, step: Step) -> str:
        value, name = given(settings, "value", step), self.Config.base_fields["value"].label
        try:
            return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2 if settings["pretty"] else None)
        except ValueError:
            raise refuse(name, gettext("it has a number that JSON has no word for (NaN or Infinity).")) from None


@node_types.register
class ParseXml(FormatNode):
    kind, label, icon = "xml.parse", _("Read XML"), "code_blocks"
    summary = _("Make an object of a text in XML: feeds, invoices, answers of older services.")
    gives = _(
        "An object: elements by their names, attributes with @, several of a name as a list, text beside them as #text."
    )
    example = Example(
        {},
        '<order id="7"><line>a</line><line>b</line></order>',
        {"order": {"@id": "7", "line": ["a", "b"]}},
    )

    class Config(ConfigForm):
        text = source_field(XML)

    def run(self, settings: dict, step: Step) -> dict:
        try:
            return xmltext.parse(a_text(given(settings, "text", step), XML))
        except ValueError as error:
            raise refuse(XML, str(error)) from None


@node_types.register
class FormatXml(FormatNode):
    kind, label, icon = "xml.format", _("Write XML"), "code_blocks"
    summary = _("Make a text in XML of an object; what “Read XML” gives comes back as it was.")
    gives = _("A text.")
    example = Example(
        {"root": "order"},
        {"@id": 7, "line": ["a", "b & c"]},
        '<?xml version="1.0" encoding="UTF-8"?>\n<order id="7"><line>a</line><line>b &amp; c</line></order>',
    )

    class Config(ConfigForm):
        value = source_field(_("Object"))
        root = TextField(
            label=_("Outermost element"),
            required=False,
            max_length=200,
            help_text=_("Empty: the object's only name is it."),
        )

    def run(self, settings: dict, step: Step) -> str:
        value, name = given(settings, "value", step), self.Config.base_fields["value"].label
        try:
            return xmltext.write({settings["root"]: value} if settings["root"] else value)
        except ValueError as error:
            raise refuse(name, str(error)) from None
