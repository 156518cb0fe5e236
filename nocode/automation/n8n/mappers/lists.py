"""Nodes that work on the list as a whole."""

import json
from typing import Any

from django.utils.translation import gettext as _

from nocode.automation.n8n.base import Inputs, Made, Mapper, Source, Unmappable, mappers
from nocode.automation.n8n.expressions import Translator


def names_in(value: Any) -> list[str]:
    """Names of fields, in any of the ways in which n8n keeps them."""
    if isinstance(value, dict):
        value = [row.get("fieldName", "") for row in value.get("fields", []) if isinstance(row, dict)]
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def _rows(names: list[str]) -> list[dict[str, str]]:
    return [{"field": name} for name in names]


_SHUFFLE = """const drawn = items.map((item) => [Math.random(), item]);
return drawn.sort((a, b) => a[0] - b[0]).map(([, item]) => item);"""


class Whole(Mapper):
    """Shared by them: `$json` is the first item."""

    whole = True


@mappers.register
class Limit(Whole):
    kind, label, kinds = "limit", "Limit", ("limit",)

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        keep = source.option("keep", {"firstItems": "first", "lastItems": "last"}, "firstItems")
        return Made("limit", {"items": ITEMS, "count": translate.text(source.get("maxItems", 1)), "keep": keep})


ITEMS = "{{ $items(input).all().map((each) => each.json) }}"  # one object is a list of one


@mappers.register
class Sort(Whole):
    kind, label, kinds = "sort", "Sort", ("sort", "code")

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        if source.get("type") == "random":
            code = (
                "return items.map((item) => [Math.random(), item]).sort((a, b) => a[0] - b[0]).map(([, item]) => item);"
            )
            return Made("code", {"code": code, "mode": "all"})
        if source.get("type") == "code":
            compare = translate.code(str(source.get("code", "")))
            code = f"return $unwrap($items(input).all().sort((a, b) => {{\n{compare}\n}}));"
            return Made("code", {"code": code, "mode": "all"})
        by = [
            {
                "field": str(row.get("fieldName", "")),
                "direction": "desc" if row.get("order") == "descending" else "asc",
                "compare": "",
            }
            for row in source.rows("sortFieldsUi.sortField")
        ]
        return Made("sort", {"items": ITEMS, "by": by})


@mappers.register
class RemoveDuplicates(Whole):
    kind, label, kinds = "removeDuplicates", "Remove Duplicates", ("dedupe", "code")

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        if source.get("operation", "removeDuplicateInputItems") not in (
            "removeDuplicateInputItems",
            "removeDuplicates",
        ):
            raise Unmappable(_("Remembering items of earlier executions has no counterpart; keep them in a table."))
        compare = source.get("compare", "allFields")
        only = bool(source.get("options.removeOtherFields"))
        if compare == "allFields":
            return Made("dedupe", {"items": ITEMS, "fields": [], "keep": "first"})
        if compare == "selectedFields" and not only:
            return Made("dedupe", {"items": ITEMS, "fields": _rows(names_in(source.get("fieldsToCompare")))})
        return Made("code", {"code": self._code(source, compare, only), "mode": "all"})

    @staticmethod
    def _code(source: Source, compare: str, only: bool) -> str:
        is_left_out = compare == "allFieldsExcept"
        names = json.dumps(names_in(source.get("fieldsToExclude" if is_left_out else "fieldsToCompare")))
        wanted = "!" if is_left_out else ""
        return "\n".join(
            [
                f"const names = {names};",
                "const part = (item) => Object.fromEntries(Object.entries(item)"
                f".filter(([name]) => {wanted}names.includes(name)));",
                "const seen = new Set();",
                "const kept = items.filter((item) => {",
                "  const key = JSON.stringify(Object.entries(part(item)).sort());",
                "  return !seen.has(key) && seen.add(key);",
                "});",
                f"return kept{'.map(part)' if only else ''};",
            ]
        )


@mappers.register
class SplitOut(Whole):
    kind, label, kinds = "splitOut", "Split Out", ("code",)

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        field = source.get("fieldToSplitOut", "")
        if isinstance(field, str) and field.startswith("="):
            raise Unmappable(_("The name of the field is computed; write it down."))
        fields = names_in(field)
        include = source.option(
            "include",
            {"noOtherFields": "none", "allOtherFields": "all", "selectedOtherFields": "some"},
            "noOtherFields",
        )
        names = names_in(source.get("options.destinationFieldName"))
        kept = names_in(source.get("fieldsToInclude"))
        goes_on = bool(source.raw.get("continueOnFail"))
        return Made("code", {"code": self._code(fields, names, include, kept, goes_on), "mode": "all"})

    @staticmethod
    def _code(fields: list[str], names: list[str], include: str, kept: list[str], goes_on: bool) -> str:
        """Several fields are cut side by side; an object inside replaces the item when nothing else is kept."""
        whole = include == "none" and len(fields) == 1 and not names
        rest = {
            "none": "{}",
            "all": f"Object.fromEntries(Object.entries(item).filter(([name]) => !{json.dumps(fields)}.includes(name)))",
            "some": f"Object.fromEntries({json.dumps(kept)}.map((name) => [name, $get(item, name)]))",
        }[include]
        lines = [
            f"const fields = {json.dumps(fields, ensure_ascii=False)};",
            f"const names = {json.dumps(names, ensure_ascii=False)};",
            "return items.flatMap((item) => {",
            *(['  if (typeof ($get(item, fields[0]) ?? 0) !== "object") return [item];'] if goes_on else []),
            "  const lists = fields.map((field) => {",
            "    const found = $get(item, field);",
            "    if (found === null || found === undefined) return [];",
            '    return typeof found === "object" ? Object.values(found) : [found];',
            "  });",
            f"  const rest = {rest};",
            "  return Array.from({ length: Math.max(0, ...lists.map((list) => list.length)) }, (_none, at) => {",
        ]
        if whole:
            lines.append('    if (typeof lists[0][at] === "object" && lists[0][at] !== null) return lists[0][at];')
        lines += [
            "    const made = { ...rest };",
            "    lists.forEach((list, place) => {",
            '      made[names[place] ?? fields[place].split(".").at(-1)] = list[at];',
            "    });",
            "    return made;",
            "  });",
            "});",
        ]
        return "\n".join(lines)


@mappers.register
class Aggregate(Whole):
    kind, label, kinds = "aggregate", "Aggregate", ("code",)
    differs = "Files are not put together."

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        if source.get("aggregate", "aggregateIndividualFields") == "aggregateAllItemData":
            return Made("code", {"code": self._all(source), "mode": "all"})
        lines = ["const made = {};"]
        missing = (
            "" if source.get("options.keepMissing") else ".filter((value) => value !== undefined && value !== null)"
        )
        flat = ".flat()" if source.get("options.mergeLists") else ""
        for row in source.rows("fieldsToAggregate.fieldToAggregate"):
            field = str(row.get("fieldToAggregate", ""))
            name = str(row.get("outputFieldName", "")) if row.get("renameField") else field.split(".")[-1]
            found = f"items.map((item) => $get(item, {json.dumps(field)}){' ?? null' if not missing else ''})"
            lines.append(f"$put(made, {json.dumps(name)}, {found}{missing}{flat});")
        return Made("code", {"code": "\n".join([*lines, "return made;"]), "mode": "all"})

    @staticmethod
    def _all(source: Source) -> str:
        name = json.dumps(str(source.get("destinationFieldName", "data")))
        include = source.get("include", "allFields")
        if include == "allFields":
            return f"return {{ [{name}]: items }};"
        names = names_in(source.get("fieldsToExclude" if include == "allFieldsExcept" else "fieldsToInclude"))
        wanted = "!" if include == "allFieldsExcept" else ""
        kept = f"Object.entries(item).filter(([name]) => {wanted}{json.dumps(names)}.includes(name))"
        return f"return {{ [{name}]: items.map((item) => Object.fromEntries({kept})) }};"


@mappers.register
class Summarize(Whole):
    kind, label, kinds = "summarize", "Summarize", ("code",)
    NAMES = {
        "append": "appended_",
        "average": "average_",
        "concatenate": "concatenated_",
        "count": "count_",
        "countUnique": "unique_count_",
        "max": "max_",
        "min": "min_",
        "sum": "sum_",
    }
    SEPARATORS = {",": ",", ", ": ", ", "\n": "\n", "": "", " ": " "}

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        groups = names_in(source.get("fieldsToSplitBy"))
        values = [self._value(row) for row in source.rows("fieldsToSummarize.values")]
        as_one = source.get("options.outputFormat") == "singleItem"
        if as_one and groups:
            raise Unmappable(_("Groups as one object have no counterpart; use separate items."))
        lines = [
            'const filled = (value) => value !== undefined && value !== null && value !== "";',
            "const unique = (values) => [...new Set(values.map((value) => JSON.stringify(value)))];",
            "const numbers = (values) => values.filter(filled).map(Number);",
            "const made = (rows) => ({",
            *(f"  {json.dumps(name, ensure_ascii=False)}: {script}," for name, script in values),
            "});",
        ]
        if not groups:
            return Made("code", {"code": "\n".join([*lines, "return made(items);"]), "mode": "all"})
        lines += [
            f"const names = {json.dumps(groups, ensure_ascii=False)};",
            "const groups = new Map();",
            "for (const item of items) {",
            "  const key = JSON.stringify(names.map((name) => $get(item, name) ?? null));",
            "  if (!groups.has(key)) groups.set(key, []);",
            "  groups.get(key).push(item);",
            "}",
            "return [...groups.values()].map((rows) => ({",
            "  ...Object.fromEntries(names.map((name) => [name, $get(rows[0], name)])), ...made(rows),",
            "}));",
        ]
        return Made("code", {"code": "\n".join(lines), "mode": "all"})

    def _value(self, row: dict[str, Any]) -> tuple[str, str]:
        how, field = str(row.get("aggregation", "count")), str(row.get("field", ""))
        if how not in self.NAMES:
            raise Unmappable(_("The summary “%s” has no counterpart.") % how[:40])
        every = f"rows.map((row) => $get(row, {json.dumps(field)}))"
        found = every if row.get("includeEmpty") else f"{every}.filter(filled)"
        between = row.get("customSeparator", "") if row.get("separateBy") == "other" else row.get("separateBy", ",")
        scripts = {
            "append": found,
            "average": f"((found) => found.reduce((a, b) => a + b, 0) / found.length)(numbers({every}))",
            "concatenate": f"{found}.join({json.dumps(between)})",
            "count": f"{found}.length",
            "countUnique": f"unique({found}).length",
            "max": f"Math.max(...numbers({every}))",
            "min": f"Math.min(...numbers({every}))",
            "sum": f"numbers({every}).reduce((a, b) => a + b, 0)",
        }
        name = self.NAMES[how] + field.replace(".", "_")
        return name, scripts[how]


@mappers.register
class ItemLists(Whole):
    kind, label, kinds = "itemLists", "Item Lists", ("limit", "sort", "dedupe", "code")
    OPERATIONS = {
        "splitOutItems": SplitOut,
        "aggregateItems": Aggregate,
        "concatenateItems": Aggregate,
        "limit": Limit,
        "removeDuplicates": RemoveDuplicates,
        "sort": Sort,
        "summarize": Summarize,
    }

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        operation = source.get("operation", "splitOutItems")
        if operation not in self.OPERATIONS:
            raise Unmappable(_("“%s” has no counterpart.") % str(operation)[:40])
        parameters = {key: value for key, value in source.parameters.items() if key != "operation"}
        plain = Source(source.name, source.type, source.version, parameters, source.raw)
        return self.OPERATIONS[operation]().make(plain, translate, inputs)
