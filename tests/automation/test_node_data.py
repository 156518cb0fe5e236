"""Steps on lists, texts, dates and formats: odd data, and what people are told of it."""

import pytest

from nocode.automation.errors import PermanentFailure
from nocode.automation.models import ExecutionLog
from tests.automation.stepping import compute, run_step

BY = {"field": "n", "direction": "asc", "compare": ""}


@pytest.mark.parametrize(
    ("kind", "config", "data", "expected"),
    [
        ("sort", {"by": []}, [3, "b", None, True, "A", 1.5, {"x": 1}], [True, 1.5, 3, "A", "b", {"x": 1}, None]),
        ("sort", {"by": [BY | {"direction": "desc"}]}, [{"n": 1}, {}, {"n": 2}], [{"n": 2}, {"n": 1}, {}]),
        ("sort", {"by": [BY | {"compare": "number"}]}, [{"n": "10"}, {"n": 9}], [{"n": 9}, {"n": "10"}]),
        ("sort", {"by": [BY | {"compare": "date"}]}, [{"n": "2026-02-01"}, {"n": 0}], [{"n": 0}, {"n": "2026-02-01"}]),
        ("sort", {}, [], []),
        ("limit", {"count": 2, "keep": "last", "skip": 1}, [1, 2, 3, 4], [2, 3]),
        ("limit", {"count": 5, "keep": "last", "skip": 9}, [1, 2], []),
        ("dedupe", {"keep": "last"}, [1, 1.0, "1", None, None, {"a": 1, "b": 2}, {"b": 2, "a": 1}],
         [1.0, "1", None, {"a": 1, "b": 2}]),
        ("split.out", {"field": "a.b"}, [{"a": {"b": [1]}}, {"a": None}, 5, {"a": {"b": [2]}}], [1, 2]),
        ("split.out", {"field": "l", "along": "all"}, {"l": [None], "x": 1}, [{"x": 1, "l": None}]),
        ("summarize", {"values": [{"function": "avg", "field": "n", "name": "avg"}]}, [], {"avg": None}),
        ("summarize", {"values": [{"function": "min", "field": "", "name": "a.b"}]}, ["10", 9, None], {"a": {"b": 9}}),
        ("summarize", {"values": [{"function": "unique", "field": "n", "name": "u"}]}, [{"n": 1}, {"n": 1.0}],
         {"u": 1}),
        ("aggregate", {"fields": [{"field": "n", "name": ""}], "empty": True}, [{"n": 1}, {}], {"n": [1, None]}),
        ("text.join", {}, ["a", None, 5, {"x": 1}], 'a, 5, {"x":1}'),
        ("text.split", {"between": ""}, "a\r\n\nb", ["a", "b"]),
        ("text.change", {"change": "slug"}, "Crème brûlée!", "creme-brulee"),
        ("text.replace", {"find": ".", "by": r"\1"}, "a.b", r"a\1b"),
        ("text.replace", {"find": r"(\w)\.", "by": r"\1-", "is_pattern": True}, "a.b.", "a-b-"),
        ("text.extract", {"pattern": "x+"}, "none", None),
        ("date.add", {"amount": 1, "unit": "days", "zone": "Europe/Paris"}, "2026-03-28T12:00",
         "2026-03-29T12:00:00+02:00"),
        ("date.add", {"amount": 24, "unit": "hours", "zone": "Europe/Paris"}, "2026-03-28T12:00",
         "2026-03-29T13:00:00+02:00"),
        ("date.add", {"amount": -1, "unit": "years", "zone": "UTC"}, "2024-02-29", "2023-02-28T00:00:00+00:00"),
        ("date.difference", {"start": "2026-03-01", "end": "2026-01-31", "unit": "months", "whole": True}, None, -1),
        ("date.round", {"to": "end", "unit": "months", "zone": "UTC"}, "2024-02-10", "2024-02-29T23:59:59.999+00:00"),
        ("date.format", {"written": "d MMM yyyy, h:mm a", "zone": "UTC"}, "3 feb 2026, 12:05 AM",
         "2026-02-03T00:05:00+00:00"),
        ("date.format", {"zone": "UTC"}, 1700000000000, "2023-11-14T22:13:20+00:00"),
        ("csv.parse", {}, "code,n\n007,1e3\n", [{"code": "007", "n": 1000}]),
        ("csv.parse", {"header": False, "convert": False}, "1\t2\n", [["1", "2"]]),
        ("csv.parse", {}, "", []),
        ("csv.format", {}, [{"a": "=1+1"}, {"a": True}], "a\n'=1+1\ntrue\n"),
        ("xml.parse", {}, "<a xmlns='urn:x'>t<b/>u</a>", {"a": {"b": "", "#text": "tu"}}),
        ("xml.format", {}, {"a": {"b": [None, 1], "#text": "\x01<"}},
         '<?xml version="1.0" encoding="UTF-8"?>\n<a>\ufffd&lt;<b /><b>1</b></a>'),
        ("json.parse", {}, " [1] ", [1]),
        ("markdown", {}, "<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>\n"),
        ("html.extract", {"values": [{"name": "x", "selector": "p.none"}]}, "<p>", {"x": None}),
        ("html.text", {}, "", ""),
        ("crypto.base64", {"direction": "read"}, "R3LDvMOfZQ", "Grüße"),
        ("crypto.hash", {}, {}, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),  # of {}
        ("noop", {}, [1], [1]),
        ("code", {"code": "if (true) {{ return 7 }}"}, [1], 7),
        ("code", {"code": "return [item * 2, index, trigger.length]", "mode": "each"}, [2, 3], [[4, 0, 2], [6, 1, 2]]),
        ("code", {"code": "// nothing"}, [1], None),
    ],
)  # fmt: skip
def test_odd_data_give_what_people_mean(kind, config, data, expected):
    assert compute(kind, config, data).output == expected


@pytest.mark.parametrize(
    ("kind", "config", "data", "told"),
    [
        ("sort", {}, {"a": 1}, "“List”"),
        ("sort", {"by": [BY | {"compare": "number"}]}, [{"n": "x"}], "“Order by”: n: \"x\" is not a number."),
        ("summarize", {"values": [{"function": "sum", "field": "n", "name": "s"}]}, [{"n": "a"}],
         "“n”: \"a\" is not a number"),
        ("split.out", {"field": "a"}, {"a": "text"}, "“Field with the list, 1”"),
        ("date.add", {"amount": 10**9, "unit": "years"}, "2026-01-01", "too far away"),
        ("date.format", {}, "31.02.2026", "“Date”: \"31.02.2026\" is not a date."),
        ("date.format", {"written": "dd/MM/yyyy"}, "31/02/2026", "no such day"),
        ("date.format", {}, True, "“Date”"),
        ("text.replace", {"find": "(a|aa)+$", "is_pattern": True}, "a" * 400 + "!", "takes too long"),
        ("text.extract", {"pattern": "(a|aa)+$"}, "a" * 400 + "!", "takes too long"),
        ("csv.parse", {}, "a,a\n1,2", "same name"),
        ("csv.parse", {}, 'a\n"open', "row"),
        ("json.parse", {}, '{"a": NaN}', "NaN"),
        ("json.parse", {}, "[" * 100_000, "“JSON”"),
        ("json.parse", {}, "{", "line 1, column 2"),
        ("xml.parse", {}, '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "entities"),
        ("xml.parse", {}, "<a>" * 300 + "</a>" * 300, "levels deep"),
        ("xml.parse", {}, "no xml", "“XML”"),
        ("xml.format", {}, {"a b": 1}, "no name of an element"),
        ("xml.format", {}, [1], "outermost"),
        ("html.extract", {"values": [{"name": "x", "selector": ":::"}]}, "<p>", "no CSS selector"),
        ("crypto.base64", {"direction": "read"}, "%%%", "not Base64"),
        ("crypto.base64", {"direction": "read"}, "/////w==", "no text"),
        ("crypto.random", {"what": "number", "least": 5, "most": 1}, None, "“Largest number”"),
        ("code", {"code": "const a = 1;\nreturn missing;"}, [1], "line 2: ReferenceError"),
        ("code", {"code": "return item.x.y", "mode": "each"}, [{"x": {}}, {}], "Item 2: The code failed, line 1"),
        ("code", {"code": "while (true) {}", "seconds": 0.1}, [1], "takes too long"),
        ("code", {"code": "const l = []; while (true) l.push(new Array(1e5).fill('x'));"}, [1], "code"),
        ("code", {"code": "throw {odd: 1}"}, [1], 'The code failed: {"odd":1}'),
        ("validate", {"schema": {"properties": {"a": {"items": {"type": "integer"}}}}, "on_invalid": "fail"},
         {"a": [1, "x"]}, "$.a[1]: 'x' is not of type 'integer'"),
        ("validate", {"schema": {"$ref": "http://127.0.0.1:9/x"}}, {}, "which is not in it"),
        ("validate", {"schema": {"pattern": "(a|aa)+$"}}, "a" * 400 + "!", "takes too long"),
        ("validate", {"schema": {"$ref": "#"}}, {}, "without end"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_setting_and_what_is_wrong(kind, config, data, told):
    with pytest.raises(PermanentFailure) as failure:
        compute(kind, config, data)

    assert told in failure.value.message


def test_data_that_are_not_as_they_should_be_leave_by_a_way_of_their_own():
    outcome = compute("validate", {"schema": {"required": ["name"], "uniqueItems": True}}, {})

    assert outcome.ports == ("invalid",)
    assert outcome.output == {"data": {}, "errors": [{"path": "$", "message": "'name' is a required property"}]}


@pytest.mark.django_db
def test_code_writes_to_the_log_of_its_step_also_when_it_fails_afterwards():
    execution = run_step(
        "code", {"code": "console.log('seen', {a: 1}); console.warn('careful'); throw new Error('no')"}, [1]
    )

    told = ExecutionLog.objects.filter(execution=execution, node_key="step").values_list("level", "message")
    assert set(told) >= {("info", 'seen {"a":1}'), ("warning", "careful")}
