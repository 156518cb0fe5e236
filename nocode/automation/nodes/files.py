"""Steps that read the rows of files and make files of rows."""

import io
import json
from typing import Any

import xlsxwriter
from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes.base import Effect, Example, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField
from nocode.automation.nodes.filevalues import LARGEST_FILE, File, file_of, safe_name
from nocode.automation.nodes.formats import ROWS, csv_text, json_of, objects, table_of
from nocode.automation.nodes.values import a_list, a_text, given, refuse, source_field
from nocode.studio.errors import ImportRefused
from nocode.studio.importing import formats

FILE = _("File")
MOST_ROWS = 50_000
LONGEST_CELL = 32_767  # of spreadsheets


@node_types.register
class ExtractFile(NodeType):
    kind, label, icon, family = "file.extract", _("Read a file"), "file_open", Family.FORMATS
    effect = Effect.OUTSIDE  # another process reads spreadsheets, for as long as half a minute
    summary = _("Get the rows out of a CSV, XLSX or JSON file that a call or a webhook brought.")
    gives = _("A list of objects, one per row; of a JSON file, what it holds.")

    class Config(ConfigForm):
        file = source_field(FILE, help_text=_("A file of an earlier step, or text. Empty: the input."))
        format = forms.ChoiceField(
            label=_("Format"),
            required=False,
            choices=[("", _("find out")), ("table", _("CSV or spreadsheet")), ("json", _("JSON")), ("text", _("Text"))],
        )
        sheet = TextField(
            label=_("Sheet"), required=False, max_length=200, help_text=_("Empty: the first one that has rows.")
        )
        limit = forms.IntegerField(label=_("At most so many rows"), min_value=1, max_value=MOST_ROWS, initial=10_000)
        convert = forms.BooleanField(label=_("Understand numbers, yes and no"), required=False, initial=True)

    def run(self, settings: dict, step: Step) -> Any:
        file = file_of(given(settings, "file", step), FILE)
        format = settings["format"] or self._found(file)
        if format == "table":
            return self._rows(file, settings)
        try:
            text = file.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise refuse(FILE, gettext("this is no text in UTF-8.")) from None
        return json_of(text, FILE) if format == "json" else text

    @staticmethod
    def _found(file: File) -> str:
        return "json" if file.data.lstrip()[:1] in (b"{", b"[") else "table"

    @staticmethod
    def _rows(file: File, settings: dict) -> list[dict]:
        def source() -> list[bytes]:
            return [file.data]

        try:
            chosen = formats.detect(source)
            if settings["sheet"] and chosen.kind == formats.SHEET:
                chosen = formats.with_header(source, formats.Format(kind=formats.SHEET, sheet=settings["sheet"]))
            rows: list[list[str]] = []
            for block in formats.blocks(source, chosen):
                rows += block.rows
                if len(rows) > settings["limit"] + chosen.header:
                    break
            names = formats.column_names(rows, chosen)
        except ImportRefused as refusal:
            raise refuse(FILE, refusal.message) from None
        return objects(rows[chosen.header :], names, settings["convert"])[: settings["limit"]]


_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "text": "text/plain",
}


@node_types.register
class CreateFile(NodeType):
    kind, label, icon, family = "file.create", _("Make a file"), "note_add", Family.FORMATS
    summary = _("Make a CSV, XLSX, JSON or text file, to be sent by a later step.")
    gives = _("An object: name, type, size in bytes, and the content as base64.")
    example = Example(
        {"format": "text", "name": "a.txt"},
        "hello",
        {"name": "a.txt", "type": "text/plain", "size": 5, "base64": "aGVsbG8="},
    )

    class Config(ConfigForm):
        data = source_field(_("Content"))
        format = forms.ChoiceField(
            label=_("Format"),
            choices=[("csv", "CSV"), ("xlsx", _("Spreadsheet (XLSX)")), ("json", "JSON"), ("text", _("Text"))],
            initial="csv",
        )
        name = TextField(label=_("File name"), max_length=150, initial="file")

    def run(self, settings: dict, step: Step) -> dict:
        data, format = given(settings, "data", step), settings["format"]
        made = getattr(self, f"_{format}")(data)
        if len(made) > LARGEST_FILE:
            raise refuse(FILE, gettext("the file becomes larger than %d MB.") % (LARGEST_FILE // 1024**2))
        name = safe_name(settings["name"])
        suffix = "txt" if format == "text" else format
        return File(name if "." in name else f"{name}.{suffix}", _TYPES[format], made).as_value()

    @staticmethod
    def _csv(data: Any) -> bytes:
        return csv_text(a_list(data, ROWS), columns="", delimiter=",", header=True, is_safe=True).encode("utf-8-sig")

    @staticmethod
    def _json(data: Any) -> bytes:
        return json.dumps(data, ensure_ascii=False, indent=2).encode()

    @staticmethod
    def _text(data: Any) -> bytes:
        return a_text(data, FILE).encode("utf-8", "replace")

    @staticmethod
    def _xlsx(data: Any) -> bytes:
        names, rows = table_of(a_list(data, ROWS)[:MOST_ROWS])
        made = io.BytesIO()
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(made, options) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, [_for_sheet(name) for name in names], book.add_format({"bold": True}))
            for number, row in enumerate(rows, start=1 if names else 0):
                sheet.write_row(number, 0, [_for_sheet(value) for value in row])
        return made.getvalue()


def _for_sheet(value: Any) -> Any:
    """A value as a cell can hold it; a whole number of more than 15 digits as text, which stays exact."""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**15:
        value = str(value)
    return value[:LONGEST_CELL] if isinstance(value, str) else value
