"""Nodes that give items other fields."""

import json
from typing import Any

from django.utils.translation import gettext as _

from nocode.automation.n8n.base import Inputs, Made, Mapper, Source, Unmappable, mappers
from nocode.automation.n8n.expressions import Translator

_TYPES = {"string": "string", "number": "number", "boolean": "boolean", "array": "array", "object": "object"}
_OURS = {"string": "text", "number": "number", "boolean": "boolean", "array": "json", "object": "json"}


def _names(text: Any) -> list[str]:
    """Names from a list, or from a text with commas."""
    parts = text if isinstance(text, list) else str(text or "").split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def _first_type(kind: str, source: Source) -> str:
    """Of the first versions, the second makes numbers of what is to be one; all else stays as it is."""
    return kind if kind == "number" and source.version >= 2 else ""


@mappers.register
class Set(Mapper):
    kind, label, kinds = "set", "Edit Fields (Set)", ("set", "code")

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        if source.get("mode", "manual") == "raw":
            return self._raw(source, translate)
        rows = self._first(source) if source.version < 3 else self._third(source)
        dots = source.get("options.dotNotation", True) is not False
        keeps = self._keeps(source)
        is_plain = "$runIndex" not in json.dumps(source.parameters) and all(
            "[" not in name and (dots or "." not in name) for name, _type, _value in rows
        )
        lenient = source.version < 3 or bool(source.get("options.ignoreConversionErrors"))
        if is_plain and keeps in ("all", "none"):
            return self._native(rows, keeps, translate, lenient)
        return self._script(rows, source, keeps, dots, translate)

    @staticmethod
    def _first(source: Source) -> list[tuple[str, str, Any]]:
        """Of the first versions: name, type and value of each field, in the order n8n sets them."""
        usual = {"string": "", "number": 0, "boolean": False}
        return [
            (str(row.get("name", "propertyName")), _first_type(kind, source), row.get("value", usual[kind]))
            for kind in ("boolean", "number", "string")
            for row in source.rows(f"values.{kind}")
        ]

    @staticmethod
    def _third(source: Source) -> list[tuple[str, str, Any]]:
        """Of the later ones."""
        if source.get("assignments") is not None:
            rows = source.rows("assignments.assignments")
            return [(str(row.get("name", "")), row.get("type", "string"), row.get("value", "")) for row in rows]
        found = []
        for row in source.rows("fields.values"):
            kind = str(row.get("type", "stringValue"))
            found.append((str(row.get("name", "")), kind.removesuffix("Value"), row.get(kind, "")))
        return found

    @staticmethod
    def _keeps(source: Source) -> str:
        """Which fields of the item stay: all, none, selected, except."""
        if source.version < 3:
            return "none" if source.get("keepOnlySet") else "all"
        is_late = source.version >= 3.3 or source.get("assignments") is not None
        if is_late and not source.get("includeOtherFields"):
            return "none"
        return str(source.get("include", "all"))

    @staticmethod
    def _native(rows: list[tuple], keeps: str, translate: Translator, lenient: bool) -> Made:
        translate.for_each()
        values = []
        for name, kind, value in rows:
            if kind and kind not in _TYPES:
                raise Unmappable(_("Fields of the type “%s” have no counterpart.") % str(kind)[:40])
            is_text = isinstance(value, str) and (kind == "string" or not kind)
            is_right = (is_text and not value.startswith("=")) or (kind and not lenient)
            plain = translate.text(value)
            if not is_right and kind:
                plain = f"{{{{ $as({json.dumps(kind)}, {translate.script(value)}) }}}}"
            typed = _OURS[kind] if kind and is_right and not (is_text and not value.startswith("=")) else ""
            if not isinstance(plain, str):
                plain = f"{{{{ {json.dumps(plain, ensure_ascii=False)} }}}}"
            values.append({"name": name, "value": plain, "type": typed})
        return Made("set", {"values": values, "keep_input": keeps == "all"}, per_item=True)

    def _script(self, rows: list[tuple], source: Source, keeps: str, dots: bool, translate: Translator) -> Made:
        lines = [self._begin(source, keeps)]
        for name, kind, value in rows:
            found = translate.script(value)
            found = f"$as({json.dumps(kind)}, {found})" if kind else found
            name = json.dumps(name, ensure_ascii=False)
            lines.append(f"$put(made, {name}, {found});" if dots else f"made[{name}] = {found};")
        return Made("code", {"code": "\n".join([*lines, "return made;"]), "mode": "each"})

    @staticmethod
    def _begin(source: Source, keeps: str) -> str:
        if keeps == "selected":
            names = _names(source.get("includeFields"))
            return (
                f"const made = Object.fromEntries({json.dumps(names)}"
                ".filter((name) => name in item).map((name) => [name, item[name]]));"
            )
        if keeps == "except":
            names = _names(source.get("excludeFields"))
            return (
                f"const made = Object.fromEntries(Object.entries(item)"
                f".filter(([name]) => !{json.dumps(names)}.includes(name)));"
            )
        return "const made = {};" if keeps == "none" else "const made = { ...item };"

    def _raw(self, source: Source, translate: Translator) -> Made:
        found = translate.script(source.get("jsonOutput", "{}"))
        begin = self._begin(source, self._keeps(source))
        code = f'{begin}\nreturn Object.assign(made, $as("object", {found}));'
        return Made("code", {"code": code, "mode": "each"})


@mappers.register
class RenameKeys(Mapper):
    kind, label, kinds = "renameKeys", "Rename Keys", ("code",)

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        if source.rows("additionalOptions.regexReplacement.replacements"):
            raise Unmappable(_("Renaming by a pattern has no counterpart."))
        lines = ["const made = { ...item };"]
        for row in source.rows("keys.key"):
            old, new = json.dumps(str(row.get("currentKey", ""))), json.dumps(str(row.get("newKey", "")))
            lines.append(
                f"if ($get(made, {old}) !== undefined) $put(made, {new}, $get(made, {old})), $drop(made, {old});"
            )
        return Made("code", {"code": "\n".join([*lines, "return made;"]), "mode": "each"})


@mappers.register
class DateTime(Mapper):
    kind, label, kinds = "dateTime", "Date & Time", ("set",)
    NAMES = {
        "getCurrentDate": "currentDate",
        "addToDate": "newDate",
        "subtractFromDate": "newDate",
        "formatDate": "formattedDate",
        "roundDate": "roundedDate",
        "getTimeBetweenDates": "timeDifference",
        "extractDate": "datePart",
    }
    WAYS = {
        "getCurrentDate": "_date_get_current_date",
        "addToDate": "_date_add_to_date",
        "subtractFromDate": "_date_subtract_from_date",
        "formatDate": "_date_format_date",
        "roundDate": "_date_round_date",
        "getTimeBetweenDates": "_date_get_time_between_dates",
        "extractDate": "_date_extract_date",
    }

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        if source.version < 2:
            return self._first(source, translate)
        operation = source.option("operation", {name: name for name in self.NAMES}, "getCurrentDate")
        name = str(source.get("outputFieldName") or self.NAMES[operation])
        translate.for_each()
        value = getattr(self, self.WAYS[operation])(source, translate)
        row = {"name": name, "value": f"{{{{ {value} }}}}", "type": ""}
        keeps = bool(source.get("options.includeInputFields"))
        return Made("set", {"values": [row], "keep_input": keeps}, per_item=True)

    def _first(self, source: Source, translate: Translator) -> Made:
        """The first version: format or calculate, into a field of the item."""
        translate.for_each()
        date, name = translate.script(source.get("value", "")), str(source.get("dataPropertyName", "data"))
        if source.get("action", "format") == "format":
            value = f"$date({date}).toFormat({translate.script(source.get('toFormat', 'MM/dd/yyyy'))})"
        else:
            way = "minus" if source.get("operation") == "subtract" else "plus"
            amount, unit = translate.script(source.get("duration", 0)), translate.script(source.get("timeUnit", "days"))
            value = f"$iso($date({date}).{way}(Number({amount}), {unit}))"
        row = {"name": name, "value": f"{{{{ {value} }}}}", "type": ""}
        return Made("set", {"values": [row], "keep_input": True}, per_item=True)

    def _date_get_current_date(self, source: Source, translate: Translator) -> str:
        return "$iso(now)" if source.get("includeTime", True) else '$iso(now.startOf("day"))'

    def _date_add_to_date(self, source: Source, translate: Translator, way: str = "plus") -> str:
        date, amount = translate.script(source.get("magnitude", "")), translate.script(source.get("duration", 0))
        unit = translate.script(source.get("timeUnit", "days"))
        return f"$iso($date({date}).{way}({amount}, {unit}))"

    def _date_subtract_from_date(self, source: Source, translate: Translator) -> str:
        return self._date_add_to_date(source, translate, "minus")

    def _date_format_date(self, source: Source, translate: Translator) -> str:
        date = translate.script(source.get("date", ""))
        named = source.get("format", "MM/dd/yyyy")
        wanted = translate.script(source.get("customFormat", "") if named == "custom" else named)
        return f"{date} == null ? null : $date({date}).toFormat({wanted})"

    def _date_round_date(self, source: Source, translate: Translator) -> str:
        date = translate.script(source.get("date", ""))
        if source.get("mode", "roundDown") == "roundUp":
            unit = translate.script(source.get("to", "month"))
            return f"$iso($date({date}).plus(1, {unit}).startOf({unit}))"
        return f"$iso($date({date}).startOf({translate.script(source.get('toNearest', 'month'))}))"

    def _date_get_time_between_dates(self, source: Source, translate: Translator) -> str:
        start, end = translate.script(source.get("startDate", "")), translate.script(source.get("endDate", ""))
        units = json.dumps(source.get("units", ["day"]))
        if source.get("options.isoString"):
            raise Unmappable(_("A duration written as ISO 8601 has no counterpart."))
        return f"$date({end}).diff($date({start}), {units}).toObject()"

    def _date_extract_date(self, source: Source, translate: Translator) -> str:
        date, part = translate.script(source.get("date", "")), str(source.get("part", "month"))
        parts = {"week": "weekNumber"}
        return f"$date({date})[{json.dumps(parts.get(part, part))}]"
