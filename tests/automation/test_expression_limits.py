"""No expression can stop a worker, fill its memory, or change what the next expression sees."""

import gc
import resource
import threading
import time

import pytest

from nocode.automation.engine.expressions import ExpressionError, ExpressionLimit, Sandbox

MEGABYTE = 1024

HOSTILE = {
    "infinite loop": "(() => { while (true) {} })()",
    "loop in a getter": "({ get x() { while (true) {} } }).x",
    "loop in toPrimitive": "({ [Symbol.toPrimitive]() { while (true) {} } }) + 1",
    "loop in toJSON": "({ toJSON() { while (true) {} } })",
    "loop in a thrown toString": "(() => { throw { toString() { while (true) {} } } })()",
    "loop in a thrown message": (
        "(() => { const e = Error(); Object.defineProperty(e, 'message', { get() { while (1); } }); throw e })()"
    ),
    "loop in a stack trace": (
        "(() => { Error.prepareStackTrace = () => ({ toString() { while (1); } }); while (1); })()"
    ),
    "loop in an inherited toPrimitive": (
        "(() => { Object.prototype[Symbol.toPrimitive] = () => { while (1); }; while (1); })()"
    ),
    "catastrophic regular expression": "/(a+)+$/.test('a'.repeat(40) + 'b')",
    "nested lookbehind": "/(?<=(a+)+)b/.test('a'.repeat(10000))",
    "huge list": "new Array(1e9)",
    "huge list by its length": "(() => { const a = []; a.length = 4e9; return a })()",
    "huge list joined": "(() => { const a = []; a[4294967290] = 1; return a.join() })()",
    "huge list as text": "(() => { const a = []; a[4294967290] = 1; return `${a}` })()",
    "huge list in the words of the place": "(() => { const a = []; a.length = 4e9; return a.toLocaleString() })()",
    "huge list flattened": "(() => { const a = []; a.length = 4e9; return [[a]].flat(9).length })()",
    "huge list turned": "(() => { const a = []; a.length = 4e9; return a.reverse().length })()",
    "huge list spread": "(() => { const a = []; a.length = 4e9; return [...a].length })()",
    "pretended list": "Array.prototype.join.call({ length: 2 ** 53 - 1 })",
    "pretended list appended": "[].concat({ length: 1e15, [Symbol.isConcatSpreadable]: true }).length",
    "filled list": "Array.from({ length: 1e9 }, () => 1)",
    "doubling text": "(() => { let s = 'ab'; for (;;) s += s })()",
    "long text": "'x'.repeat(2 ** 29)",
    "padded text": "'x'.padStart(1e9)",
    "slow search": "'a'.repeat(4e6).includes('a'.repeat(2e6) + 'b')",
    "slow split": "'a'.repeat(4e6).split('a'.repeat(2e6) + 'b')",
    "slow search again and again": "(() => { const s = 'a'.repeat(5e6); for (;;) s.indexOf('b') })()",
    "growing list": "(() => { const a = []; for (;;) a.push({}) })()",
    "deep recursion": "(function f() { return f() })()",
    "deep recursion that goes on": "(function f() { try { return f() } finally { f() } })()",
    "deep JSON": "JSON.parse('['.repeat(1e6))",
    "deep result": "(() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a })()",
    "endless generator": "[...(function* () { while (true) yield 1 })()]",
    "endless iterator": "Array.from({ [Symbol.iterator]: () => ({ next: Object }) })",
    "dropped iterator": "Array(5).values().drop(1e12).toArray()",
    "proxy trap": "new Proxy({}, { get() { while (true) {} } }).x",
    "code from text": "eval('1')",
    "code by a constructor": "(() => {}).constructor('return this')()",
    "code by two constructors": "({}).constructor.constructor('return this')()",
    "code by an asynchronous constructor": "(async () => {}).constructor('return 1')()",
    "code by a generator's constructor": "(function* () {}).constructor('yield 1')().next()",
    "shared memory": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
    "module": "import('os')",
    "promise": "Promise.resolve(1)",
    "operating system": "os.exec(['ls'])",
    "process": "process.exit()",
    "large result": "['x'.repeat(5e6), 'x'.repeat(5e6)]",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_expression_is_refused_and_the_next_one_works(source):
    sandbox = Sandbox({"input": {"a": [2, 1]}, "steps": {"s": 1}})
    sandbox.evaluate("input.a")
    before, cpu = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()

    with pytest.raises(ExpressionError):
        sandbox.evaluate(source)

    assert time.thread_time() - cpu < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * MEGABYTE
    assert sandbox.resolve("{{ [input.a.map(n => n), steps.s] }}") == [[2, 1], 1]


def test_source_of_a_megabyte_is_refused():
    with pytest.raises(ExpressionError, match="it is longer than 50000 characters."):
        Sandbox({}).evaluate("1+" * 500_000 + "1")


def test_root_that_is_too_large_is_named():
    with pytest.raises(ExpressionLimit, match="“input” is too large for expressions"):
        Sandbox({"input": "x" * 17_000_000}).evaluate("input.length")


def test_data_that_do_not_fit_in_memory_are_refused():
    sandbox = Sandbox({"input": [{}] * 1_000_000, "item": 1})

    with pytest.raises(ExpressionLimit, match="it needs more than 64 MB of memory."):
        sandbox.evaluate("input.length")

    assert sandbox.evaluate("item") == 1


@pytest.mark.parametrize(
    "source",
    [
        "input.list.sort()",
        "input.list.push(1)",
        "(() => { input.list = 1 })()",
        "input.n++",
        "delete input.list",
        "Object.assign(input, { list: 1 })",
        "Object.defineProperty(input, 'list', { value: 1 })",
        "Object.setPrototypeOf(input, { extra: 1 })",
        "input['list']['so' + 'rt']()",
        "(input.list['so' + 'rt'])()",
        "input.list['so' + 'rt']?.()",
        "[].reverse.call(input.list)",
        "[input.list].map(Array.prototype.shift.call, Array.prototype.shift)",
        "(({ pop }) => pop.apply(input.list))([])",
        "[input].forEach(Object['fre' + 'eze'])",
        "(() => { for (input.list of [1]); })()",
        "(() => { [input.list] = [1] })()",
        "Array.from.call(function () { return input.list }, [9])",
        "steps.s.push(1)",
        "delete steps.s",
        "Object.prototype.extra = 1",
        "Array.prototype.map = () => 1",
        "Array.prototype.push(1)",
        "String.prototype.trim = () => 1",
        "({}).__proto__.extra = 1",
        "({}).constructor.prototype.extra = 1",
        "Object.prototype.__defineGetter__('extra', () => 1)",
        "JSON.stringify = () => 'null'",
        "globalThis.extra = 1",
        "globalThis['in' + 'put'].list.pop()",
        "gl\\u006fbalThis.extra = 1",
        "(function () { return this })()?.extra",
        "input = 1",
        "extra = 1",
        "Math.max = () => 1",
        "now.constructor.prototype.toISO = () => 1",
    ],
)
def test_expression_cannot_change_what_the_next_one_sees(source):
    roots = {"input": {"list": [3, 1, 2], "n": 1}, "steps": {"s": [1]}}
    probe = """{{ [input, steps, ({}).extra, typeof extra, [1].map(n => n), [].length, ' a '.trim(), Math.max(1, 2),
        Object.isFrozen(input), now.toISODate().length, JSON.stringify(1)] }}"""
    expected = Sandbox(roots).resolve(probe)
    sandbox = Sandbox(roots)
    sandbox.resolve(probe)

    try:
        sandbox.evaluate(source)
    except ExpressionError:
        assert sandbox.resolve("{{ input.n }}") == 1

    assert sandbox.resolve(probe) == expected
    assert roots == {"input": {"list": [3, 1, 2], "n": 1}, "steps": {"s": [1]}}


def test_expression_may_work_on_its_own_copy():
    sandbox = Sandbox({"input": {"list": [3, 1, 2]}})

    assert (
        sandbox.resolve("{{ input.list.sort() }} {{ input.list }} {{ input.list.reverse() }}")
        == "[1,2,3] [3,1,2] [2,1,3]"
    )


def test_time_used_by_other_threads_is_not_charged_to_the_expression():
    count = "(() => { let n = 0; for (let i = 0; i < 1e6; i++) n += i % 2; return n })()"
    started = time.thread_time()
    Sandbox({}).evaluate(count)
    needed, stop = time.thread_time() - started, threading.Event()

    def burn():
        while not stop.is_set():
            with pytest.raises(ExpressionLimit):
                Sandbox({}).evaluate("(() => { for (;;); })()")

    busy = [threading.Thread(target=burn) for _ in range(4)]
    for thread in busy:
        thread.start()
    try:
        counted = [Sandbox({}, seconds=needed * 1.6).evaluate(count) for _ in range(5)]
    finally:
        stop.set()
        for thread in busy:
            thread.join(30)

    assert counted == [500_000] * 5


def test_thousands_of_sandboxes_leave_no_memory_behind():
    def use(times):
        for number in range(times):
            sandbox = Sandbox({"input": {"n": number, "text": "x" * 1000}})
            sandbox.resolve("{{ input.n }} {{ [1].map(n => n + input.n) }} {{ input.missing ?? 'none' }}")
        gc.collect()

    use(200)
    before = _resident()
    use(2000)

    assert _resident() - before < 8 * MEGABYTE


def _resident() -> int:
    """Resident memory in KB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
