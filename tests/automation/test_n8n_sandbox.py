"""What the sandbox adds for expressions that came from n8n."""

import pytest

from nocode.automation.engine.expressions import ExpressionError, ExpressionLimit, Sandbox

ROOTS = {"input": [{"a": 1}, {"a": 2}], "item": {"a": 1}, "index": 1, "trigger": {"body": {"x": 7}}}


@pytest.fixture
def sandbox():
    made = Sandbox(ROOTS)
    made.set_step("one", {"b": 5})
    return made


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("$items(input).first().json.a", 1),
        ("$items(input).last().json.a", 2),
        ("$items(input).item.json.a", 2),  # at the place of the item there is
        ("$items(input).json.a", 2),
        ("$items(input).all().length", 2),
        ("$items(steps.one).item.json.b", 5),  # the only one
        ("$items(steps.never).isExecuted", False),
        ("$items(trigger).first().json.body.x", 7),
        ("$unwrap([{ json: { a: 1 } }, { b: 2 }])", [{"a": 1}, {"b": 2}]),
        ("$batches([1, 2, 3], 2)", [[1, 2], [3]]),
        ("$batches([1, 2], 0)", [[1], [2]]),
        ("[$itemIndex, $runIndex]", [1, 1]),
        ("$get({ a: [{ b: 3 }] }, 'a[0].b')", 3),
        ("$get(null, 'a.b') ?? 'none'", "none"),
        ("$put({ list: ['x'] }, 'list[1]', 'y')", {"list": ["x", "y"]}),
        ("$put({}, 'a.b', 1)", {"a": {"b": 1}}),
        ("$drop({ a: { b: 1, c: 2 } }, 'a.b')", {"a": {"c": 2}}),
        ("[$text(null), $text(3), $text({ a: 1 })]", ["", "3", '{"a":1}']),
        ("[$as('number', '3.5'), $as('number', 'x'), $as('number', true)]", [3.5, "x", 1]),
        ("[$as('boolean', '0'), $as('boolean', 'TRUE'), $as('boolean', 'x')]", [False, True, "x"]),
        ("[$as('array', '[1]'), $as('array', '{}'), $as('object', '{\"a\":1}')]", [[1], "{}", {"a": 1}]),
        ("$iso($date(1682918315).toUTC())", "2023-05-01T05:18:35.000+00:00"),
        ("$date('1682918315906').toFormat('yyyy/MM/dd')", "2023/05/01"),
        ("$date('Tue, 01 Nov 2016 13:23:12 GMT').year", 2016),
        ("$date(now) === now || $date(now).isValid", True),
    ],
)
def test_what_the_helpers_give(sandbox, source, value):
    assert sandbox.evaluate(source) == value


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ('$test("number", "gt", "5", 4)', True),
        ('$test("number", "gt", undefined, 4)', False),
        ('$test("number", "empty", null)', True),
        ('$test("string", "contains", null, "a")', False),
        ('$test("string", "equals", "A", "a", "i")', True),
        ('$test("string", "regex", "Adam", "/^a/i")', True),
        ('$test("boolean", "true", "1")', True),
        ('$test("boolean", "equals", "false", false)', True),
        ('$test("array", "contains", [1, 2], 2)', True),
        ('$test("array", "lengthLte", "[1,2]", 2)', True),
        ('$test("object", "empty", {})', True),
        ('$test("string", "exists", "")', True),
        ('$testDate("gt", "2021-01-01", "2020-12-31T23:00:00Z")', True),
        ('$testDate("lt", null, "2020-01-01")', False),
    ],
)
def test_comparisons_are_those_of_n8n(sandbox, source, holds):
    assert sandbox.evaluate(source) is holds


def test_code_may_wait_for_what_it_makes_itself(sandbox):
    waiting = "({ result: (async () => { const made = await Promise.all([1, 2]); return made.length; })() })"

    assert sandbox.run_script(waiting, seconds=1) == {"result": 2}


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("({ result: new Promise(() => {}) })", ExpressionError),
        ("({ result: Promise.reject(new Error('no')) })", ExpressionError),
        ("({ result: (async () => { for (;;) await 1; })() })", ExpressionLimit),
    ],
)
def test_what_never_comes_ends(sandbox, source, error):
    with pytest.raises(error):
        sandbox.run_script(source, seconds=0.2)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("[1, null, '', 2].compact().first()", 1),
        ("[{ a: 1 }, { a: 1 }].unique().length", 1),
        ("[{ a: 1 }, { a: 2 }].pluck('a').sum()", 3),
        ("({ a: 1 }).toJsonString()", '{"a":1}'),
        ("['', [], {}, 'a'].map((each) => each.isEmpty())", [True, True, True, False]),
        ("'2024-02-03'.toDateTime().format('dd.MM.yyyy')", "03.02.2024"),
        ("(1.005).round(2)", 1.01),
        ("Math.round(2.5)", 3),
        ("'write to ada@example.com now'.extractEmail()", "ada@example.com"),
    ],
)
def test_values_have_the_methods_that_n8n_gives_them(sandbox, source, value):
    assert sandbox.evaluate(source) == value
