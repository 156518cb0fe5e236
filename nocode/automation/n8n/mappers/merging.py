"""The node that brings two lists together."""

import json
from typing import Any

from django.utils.translation import gettext as _

from nocode.automation.n8n.base import Inputs, Made, Mapper, Source, Unmappable, mappers
from nocode.automation.n8n.expressions import Translator

# Both lists cut into pairs that match, and what is left of each.
_MATCHING = """const pairs = %(pairs)s;
const same = (a, b) => pairs.every(([left, right]) => {
  const [x, y] = [$get(a, left), $get(b, right)];
  return x !== undefined && (%(equal)s);
});
const matched = first.map((a) => [a, second.filter((b) => same(a, b))%(some)s]);
const taken = new Set(matched.flatMap(([, found]) => found));
const alone = [matched.filter(([, found]) => !found.length).map(([a]) => a), second.filter((b) => !taken.has(b))];"""
_EQUAL = {False: "JSON.stringify(x) === JSON.stringify(y)", True: "$text(x) === $text(y)"}


@mappers.register
class Merge(Mapper):
    kind, label, kinds = "merge", "Merge", ("merge", "code")
    whole = True

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        mode = self._mode(source)
        if mode == "append":
            return Made("merge", {"combine": "append"}, ordered=False)
        code = getattr(self, f"_{mode}")(source)
        begin = f"const first = {inputs.script(0)};\nconst second = {inputs.script(1)};"
        return Made("code", {"code": f"{begin}\n{code}", "mode": "all"}, ordered=True)

    @staticmethod
    def _mode(source: Source) -> str:
        """What it does, whatever the version calls it. Raises Unmappable."""
        mode = source.get("mode", "append")
        if mode == "combine":
            usual = "matchingFields" if source.version >= 3 else "mergeByFields"
            mode = source.get("combineBy", source.get("combinationMode", usual))
        known = {
            "append": "append",
            "chooseBranch": "branch",
            "passThrough": "branch",
            "mergeByPosition": "position",
            "combineByPosition": "position",
            "mergeByIndex": "position",
            "multiplex": "every",
            "combineAll": "every",
            "mergeByFields": "fields",
            "matchingFields": "fields",
            "combineByFields": "fields",
            "keepKeyMatches": "fields",
            "mergeByKey": "fields",
            "removeKeyMatches": "fields",
        }
        if mode not in known:
            raise Unmappable(_("Merging by “%s” has no counterpart.") % str(mode)[:40])
        return known[mode]

    @staticmethod
    def _branch(source: Source) -> str:
        wanted = str(source.get("useDataOfInput", source.get("output", "input1"))).removeprefix("input")
        if wanted in ("empty", "specifiedInput") or source.get("chooseBranchMode") == "empty":
            return "return [{}];"
        return f"return {'second' if wanted == '2' else 'first'};"

    @classmethod
    def _position(cls, source: Source) -> str:
        length = "max" if source.get("options.includeUnpaired", source.get("join") == "outer") else "min"
        together = cls._together(source)
        return (
            f"{together}\nconst length = Math.{length}(first.length, second.length);\n"
            "return Array.from({ length }, (_none, at) => together(first[at] ?? {}, second[at] ?? {}));"
        )

    @classmethod
    def _every(cls, source: Source) -> str:
        return f"{cls._together(source)}\nreturn first.flatMap((a) => second.map((b) => together(a, b)));"

    @classmethod
    def _fields(cls, source: Source) -> str:
        some = ".slice(0, 1)" if source.get("options.multipleMatches", "all") == "first" else ""
        fuzzy = bool(source.get("options.fuzzyCompare"))
        values = {"pairs": json.dumps(cls._pairs(source)), "equal": _EQUAL[fuzzy], "some": some}
        head = f"{_MATCHING % values}\n{cls._together(source)}"
        join = source.get("joinMode", "keepMatches")
        join = {"removeKeyMatches": "keepNonMatches"}.get(source.get("mode", ""), join)
        both = "matched.flatMap(([a, found]) => found.map((b) => together(a, b)))"
        wanted = source.get("outputDataFrom", "both")
        results = {
            "keepMatches": {
                "both": both,
                "input1": "matched.filter(([, found]) => found.length).map(([a]) => a)",
                "input2": "second.filter((b) => taken.has(b))",
            },
            "keepNonMatches": {"both": "[...alone[0], ...alone[1]]", "input1": "alone[0]", "input2": "alone[1]"},
            "keepEverything": dict.fromkeys(("both", "input1", "input2"), f"[...{both}, ...alone[0], ...alone[1]]"),
            "enrichInput1": dict.fromkeys(
                ("both", "input1", "input2"),
                "matched.flatMap(([a, found]) => (found.length ? found.map((b) => together(a, b)) : [a]))",
            ),
            "enrichInput2": dict.fromkeys(("both", "input1", "input2"), f"[...{both}, ...alone[1]]"),
        }
        if join not in results or wanted not in results[join]:
            raise Unmappable(_("Merging by “%s” has no counterpart.") % str(join)[:40])
        return f"{head}\nreturn {results[join][wanted]};"

    @staticmethod
    def _pairs(source: Source) -> list[list[str]]:
        """Which fields must be the same: those of the first list, and those of the second."""
        rows = source.rows("mergeByFields.values") or source.rows("fieldsToMatch.values")
        if rows:
            return [[str(row.get("field1", "")), str(row.get("field2", ""))] for row in rows]
        text = source.get("fieldsToMatchString")
        if text is not None:
            names = text if isinstance(text, list) else str(text).split(",")
            return [[str(name).strip()] * 2 for name in names]
        return [[str(source.get("propertyName1", "")), str(source.get("propertyName2", ""))]]

    @staticmethod
    def _together(source: Source) -> str:
        """How one item is made of two that have fields of the same name."""
        rules: Any = source.get("options.clashHandling.values", {})
        clash = rules.get("resolveClash", "") if isinstance(rules, dict) else ""
        if clash == "addSuffix":
            return (
                "const named = (item, end) => Object.fromEntries("
                "Object.entries(item).map(([name, value]) => [`${name}_${end}`, value]));\n"
                "const together = (a, b) => ({ ...named(a, 1), ...named(b, 2) });"
            )
        isolated = "preferInput1" if source.get("joinMode") == "enrichInput2" else "preferLast"
        order = "...b, ...a" if (clash or isolated) == "preferInput1" else "...a, ...b"
        if isinstance(rules, dict) and rules.get("mergeMode", "deepMerge") == "deepMerge":
            first, second = ("b", "a") if order.startswith("...b") else ("a", "b")
            return (
                'const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);\n'
                "const deep = (x, y) => {\n  const made = { ...x };\n"
                "  for (const [name, value] of Object.entries(y)) {\n"
                "    made[name] = isObject(made[name]) && isObject(value) ? deep(made[name], value) : value;\n  }\n"
                f"  return made;\n}};\nconst together = (a, b) => deep({first}, {second});"
            )
        return f"const together = (a, b) => ({{ {order} }});"
