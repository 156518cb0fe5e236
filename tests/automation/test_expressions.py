"""Expressions give the value JavaScript gives, keep their type, and say plainly what is wrong."""

import threading
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocode.automation.engine.expressions import (
    ExpressionError,
    ExpressionSyntaxError,
    Sandbox,
    compile_template,
    find_errors,
)

ROOTS = {
    "trigger": {"body": {"name": "Ada"}},
    "input": {"n": 5, "list": [3, 1, 2], "text": "Zoë", "no": None, "deep": {"a": [{"b": True}]}},
    "steps": {"first": {"id": 7}, "second": [1], "odd key": "odd"},
    "item": {"index": 2},
    "vars": {"rate": 0.2},
}


@pytest.fixture
def sandbox():
    return Sandbox(ROOTS)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 1", 2),
        ("0.1 * 3", 0.30000000000000004),
        ("input.deep.a[0].b", True),
        ("input.missing", None),
        ("input.missing?.deeper", None),
        ("input.no ?? 'none'", "none"),
        ("trigger.body.name + '!'", "Ada!"),
        ("steps.first.id", 7),
        ("steps['odd key']", "odd"),
        ("Object.keys(steps)", ["first", "second", "odd key"]),
        ("item.index * vars.rate", 0.4),
        ("({a: 1, b: [undefined]})", {"a": 1, "b": [None]}),
        ("{ nested: { a: 1 } }", {"nested": {"a": 1}}),
        ("input.list.map(n => n * 2).filter(n => n > 2)", [6, 4]),
        ("[...input.list].sort()", [1, 2, 3]),
        ("`${input.text} has ${`${input.n}`} {{ }}`", "Zoë has 5 {{ }}"),
        ("input.text.replace(/[\"'}]/g, '')", "Zoë"),
        ("[[1], [2, [3]]].flat(Infinity)", [1, 2, 3]),
        ("new Set([1, 1, 2])", [1, 2]),
        ("new Map([['a', 1]])", {"a": 1}),
        ("new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("'a\\u0000b'", "a\x00b"),
        ("'\\ud800'", "\ufffd"),
        ("['\\ud800', '😀']", ["\ufffd", "😀"]),
        ("NaN", None),
        ("[1 / 0, -1 / 0]", [None, None]),
        ("undefined", None),
        ("this", None),
        ("(() => { const total = 3; return total })()", 3),
        ("'trailing';", "trailing"),
        ("1 // and a comment", 1),
        ("10 / 2 / 5", 1),
        ("$json.n + $input.item.json.n + $input.first().json.n", 15),
        ("$if($json.n > 3, 'big', 'small')", "big"),
    ],
)
def test_expression_gives_the_value_of_javascript(sandbox, source, expected):
    assert sandbox.evaluate(source) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no expression", "no expression"),
        ("{{ input.n }}", 5),
        ("{{ input.list }}", [3, 1, 2]),
        (" {{ input.n }}", " 5"),
        ("{{ input.n }}{{ input.n }}", "55"),
        ("a {{ undefined }}{{ null }}{{ NaN }} b", "a  b"),
        ("{{ input.list }}, {{ ({a: 'é'}) }}", '[3,1,2], {"a":"é"}'),
        ("{{ true }} {{ 1.50 }} {{ 1e21 }} {{ -0 }}", "true 1.5 1e+21 0"),
        ("on {{ new Date(0) }}", "on 1970-01-01T00:00:00.000Z"),
        ('{{ "}}" }}', "}}"),
        ("{{ '{{' + `}}` /* }} */ }}", "{{}}"),
        ("{{ {a: {b: 1}} }}", {"a": {"b": 1}}),
        ("{{ {a: {b: 1}}}}", {"a": {"b": 1}}),
        ("{{ /}}/.test('}}') }}", True),
        (r"\{{ as it is }} {{ 1 }}", "{{ as it is }} 1"),
        ("}} {", "}} {"),
        ("", ""),
    ],
)
def test_text_keeps_the_type_of_a_lone_expression(sandbox, text, expected):
    assert sandbox.resolve(text) == expected


def test_resolve_fills_nested_settings_and_leaves_the_rest(sandbox):
    config = {"a": [{"b": "{{ input.n }}"}, 3, None], "{{ key }}": True, "c": "x{{ 'y' }}"}

    assert sandbox.resolve(config) == {"a": [{"b": 5}, 3, None], "{{ key }}": True, "c": "xy"}
    assert config["c"] == "x{{ 'y' }}"


@pytest.mark.parametrize(
    ("text", "reason", "line", "column"),
    [
        ("{{ input.", "“{{” is never closed by “}}”.", 1, 8),
        ("{{ foo( }}", "“(” is never closed.", 1, 7),
        ("{{ it's }}", "the text opened by ' is never closed.", 1, 4),
        ("{{ `abc }}", "the text opened by ` is never closed.", 1, 9),
        ("{{ a) }}", "unexpected “)”.", 1, 3),
        ("{{ 1 +\n  12n }}", "whole numbers of any size (BigInt, such as 12n) are not supported.", 2, 3),
        ("{{   }}", "the expression is empty.", None, None),
        ("{{ '\ud800' }}", "it holds half a character.", None, None),
    ],
)
def test_badly_written_expression_is_refused_where_it_is_wrong(text, reason, line, column):
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_template(text)

    details = caught.value.details
    assert (details["reason"], details["line"]) == (reason, line)
    assert column is None or abs(details["column"] - column) <= 1


@pytest.mark.parametrize(
    ("source", "reason", "line"),
    [
        ("input.missing.deeper", "cannot read property 'deeper' of undefined", 1),
        ("nothing", "nothing is not defined", 1),
        ("[1].map(x => x.y.z)", "cannot read property 'z' of undefined", 1),
        ("input.text.trim", "it gives a function: are the parentheses missing?", None),
        ("Symbol('a')", "it gives a symbol.", None),
        ("(async () => 1)()", "the result is a promise, and an expression cannot wait", None),
        ("import('os')", "the result is a promise, and an expression cannot wait", None),
        ("(() => { const a = {}; a.a = a; return a })()", "the result contains itself.", None),
        ("(() => { throw 'mine' })()", "mine", None),
        ("(() => { throw {a: 1} })()", '{"a":1}', None),
        ("JSON.parse('{')", "Expected property name or '}' in JSON at position 1 (line 1 column 2)", 1),
    ],
)
def test_failing_expression_says_what_javascript_says(sandbox, source, reason, line):
    with pytest.raises(ExpressionError) as caught:
        sandbox.evaluate(source)

    assert caught.value.details["reason"] == reason
    assert caught.value.details["expression"] == source
    assert caught.value.message == f"{{{{ {source} }}}}: {reason}"
    assert line is None or caught.value.details["line"] == line


@pytest.mark.parametrize("source", ["1 +", "a b", "1; 2", "return 1", "var x = 1", "x y z", "await 1", "{a: }"])
def test_syntax_error_of_the_engine_is_told_apart(sandbox, source):
    with pytest.raises(ExpressionSyntaxError) as caught:
        sandbox.evaluate(source)

    assert caught.value.details["line"] == 1
    assert caught.value.details["column"] <= len(source) + 1


def test_find_errors_names_the_place_of_every_badly_written_text():
    config = {"url": "{{ input.", "rows": [{"name": "a", "value": "{{ 1 + }}"}], "good": "{{ nothing.here() }}", "n": 1}

    found = find_errors(config)

    assert [(path, type(error)) for path, error in found] == [
        (("url",), ExpressionSyntaxError),
        (("rows", 0, "value"), ExpressionSyntaxError),
    ]


def test_roots_and_steps_can_be_changed_between_expressions(sandbox):
    before = sandbox.resolve("{{ steps.third }}/{{ item.index }}/{{ steps.first.id }}")

    sandbox.set_step("third", {"new": True})
    sandbox.set_step("first", {"id": 8})
    sandbox.set("item", {"index": 3})

    assert before == "/2/7"
    assert sandbox.resolve("{{ steps.third }}/{{ item.index }}/{{ steps.first.id }}") == '{"new":true}/3/8'


def test_root_given_as_a_function_is_called_when_first_mentioned():
    calls = []
    sandbox = Sandbox({"secrets": lambda: calls.append(1) or {"key": "s3cret"}})

    assert sandbox.evaluate("1 + 1") == 2
    assert calls == []
    assert sandbox.resolve("{{ secrets.key }} {{ secrets.key }}") == "s3cret s3cret"
    assert calls == [1]


def test_data_that_django_can_write_as_json_can_be_read():
    moment = datetime(2026, 1, 2, 3, 4, 5)
    sandbox = Sandbox({"input": {"d": moment, "n": Decimal("1.10"), "u": UUID(int=1)}})

    assert sandbox.evaluate("[input.d, input.n, input.u]") == [
        "2026-01-02T03:04:05",
        "1.10",
        "00000000-0000-0000-0000-000000000001",
    ]


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_data_that_is_not_json_is_named(value):
    with pytest.raises(ExpressionError, match="“input” holds a value that is not JSON"):
        Sandbox({"input": value}).evaluate("input")


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBER = st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)
)


@given(JSON)
def test_any_json_comes_back_as_it_went(value):
    assert Sandbox({"input": value}).resolve("{{ input }}") == value


def test_sandboxes_work_in_parallel_threads():
    results, errors = {}, []

    def work(number):
        try:
            sandbox = Sandbox({"input": number})
            results[number] = [sandbox.evaluate("[1, 2, 3].map(n => n * input)") for _ in range(50)]
        except ExpressionError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert errors == []
    assert results == {number: [[number, 2 * number, 3 * number]] * 50 for number in range(8)}


def test_sandbox_follows_its_user_to_another_thread(sandbox):
    sandbox.evaluate("input.n")
    seen = []

    thread = threading.Thread(target=lambda: seen.append(sandbox.evaluate("input.n + steps.first.id")))
    thread.start()
    thread.join(30)

    assert seen == [12]
    assert sandbox.evaluate("input.n") == 5
