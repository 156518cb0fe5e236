"""What can be known of an expression from its words alone, without running it.

Where the words do not tell for sure, the answer is the safe one: it mentions everything, it may change data.
"""

from dataclasses import dataclass

Token = tuple[str, str]
"""Kind (word, string, number, regex, template, sign) and text."""

ROOTS = ("trigger", "input", "item", "index", "vars", "workflow", "execution", "event", "secrets")
ALIASES = {
    "input": {"$json", "$input", "$items"},
    "index": {"$items", "$itemIndex", "$runIndex", "$input"},
    "vars": {"$vars"},
    "workflow": {"$workflow"},
    "execution": {"$execution"},
    "secrets": {"$secrets"},
}
DATES = frozenset(["now", "DateTime", "$now", "$today", "$date", "$testDate", "toDateTime"])
METHODS = frozenset(
    # which n8n gives to values, and n8n.js too
    """toJsonString isEmpty isNotEmpty first last compact unique removeDuplicates pluck sum average chunk toDateTime
    toInt toFloat toNumber toBoolean parseJson quote urlEncode urlDecode removeTags extractEmail extractUrl toTitleCase
    toSentenceCase round floor ceil isEven isOdd""".split()
)

ASSIGNS = frozenset("= += -= *= /= %= **= <<= >>= >>>= &= |= ^= &&= ||= ??= ++ --".split())
BEFORE_A_VALUE = frozenset("return typeof instanceof in of new delete void throw case do else yield await".split())
CHANGERS = frozenset(
    # methods that change a list or an object in place, and every way to reach one under another name
    """copyWithin fill pop push reverse shift sort splice unshift assign defineProperty defineProperties freeze
    preventExtensions seal setPrototypeOf captureStackTrace __proto__ __defineGetter__ __defineSetter__ constructor
    prototype call apply bind Reflect Proxy globalThis eval Function delete for class with import""".split()
)
OBJECT_READERS = frozenset("keys values entries fromEntries hasOwn is groupBy".split())
REACHES_ALL = frozenset(["globalThis", "eval", "Function", "constructor"])
QUICK_CALLS = frozenset(
    # functions that take little time on any data; whatever else is called needs the guards
    """trim trimStart trimEnd toUpperCase toLowerCase toString toFixed toPrecision charAt charCodeAt codePointAt at
    startsWith endsWith substring substr slice join test Date String Number Boolean parseInt parseFloat isNaN isFinite
    encodeURIComponent decodeURIComponent encodeURI decodeURI abs ceil floor round trunc max min pow sqrt sign random
    isArray isInteger keys values entries hasOwn stringify parse getTime getFullYear getMonth getDate getDay getHours
    getMinutes getSeconds toISOString toJSON valueOf plus minus startOf endOf set setZone toUTC toLocal diff toISO
    toISODate toISOTime toFormat toMillis toSeconds fromISO fromMillis fromSeconds fromObject hasSame toObject as local
    utc first last all $if $ifEmpty""".split()
)
HEAVY_WORDS = frozenset(
    """function async await yield while do throw try var let const switch with super debugger get static import
    class""".split()
)


@dataclass(slots=True)
class Code:
    """One expression and what can be known of it without running it."""

    source: str
    roots: tuple[str, ...] = ()
    """The roots it mentions."""
    steps: frozenset[str] | None = frozenset()
    """Keys of the steps it reads; None when it may read any."""
    dates: bool = False
    dollars: bool = False
    """It uses the names that n8n has."""
    changes: bool = False
    """It may change data or built-ins that a later expression would see."""
    light: bool = True
    """It defines no function and calls nothing that can run long."""


def describe(source: str, tokens: list[Token]) -> Code:
    """What the tokens tell about the expression."""
    words = {text for kind, text in tokens if kind == "word"}
    opaque = not words.isdisjoint(REACHES_ALL) or any("\\" in word for word in words)
    changes = opaque or any(_changes(tokens, index) for index in range(len(tokens)))
    return Code(
        source,
        roots=tuple(name for name in ROOTS if opaque or name in words or not words.isdisjoint(ALIASES.get(name, ()))),
        steps=None if opaque else _steps_read(tokens),
        dates=opaque or not words.isdisjoint(DATES),
        dollars=opaque or any(word[0] == "$" for word in words) or _calls_method(tokens),
        changes=changes,
        light=not changes and all(_light(tokens, index) for index in range(len(tokens))),
    )


def _calls_method(tokens: list[Token]) -> bool:
    """Whether one of the methods of n8n is called on a value."""
    return any(
        text in METHODS and _near(tokens, index - 1)[1] in (".", "?.") and _near(tokens, index - 2)[1] != "Math"
        for index, (_kind, text) in enumerate(tokens)
    )


def _near(tokens: list[Token], index: int) -> Token:
    return tokens[index] if 0 <= index < len(tokens) else ("", "")


def _changes(tokens: list[Token], index: int) -> bool:
    """Could change something: assigns, names a function that changes its object, or calls what it has computed."""
    (kind, text), after = tokens[index], _near(tokens, index + 1)
    if kind == "word":
        return text in CHANGERS or (text == "Object" and not _only_reads(tokens, index))
    called = after[1] == "(" or after[0] == "template"
    return kind == "sign" and (text in ASSIGNS or (called and text in (")", "]", "}", "?.")))


def _only_reads(tokens: list[Token], index: int) -> bool:
    """`Object.keys` and the like: the only uses of Object that change nothing."""
    return _near(tokens, index + 1)[1] == "." and _near(tokens, index + 2)[1] in OBJECT_READERS


def _light(tokens: list[Token], index: int) -> bool:
    (kind, text), after = tokens[index], _near(tokens, index + 1)
    if kind == "sign":
        return text != "=>" and not (text == ")" and after[1] == "{")
    if kind != "word":
        return True
    called = after[1] == "(" and text not in BEFORE_A_VALUE
    constructed = _near(tokens, index - 1)[1] == "new" and text != "Date"
    return (
        text not in HEAVY_WORDS and (not called or text in QUICK_CALLS) and not constructed and after[0] != "template"
    )


def _steps_read(tokens: list[Token]) -> frozenset[str] | None:
    """The keys behind every `steps`, when all are plainly written."""
    keys = set()
    for index, token in enumerate(tokens):
        if token == ("word", "steps") and _near(tokens, index - 1)[1] not in (".", "?."):
            key = _key_behind(tokens, index + 1)
            if key is None:
                return None
            keys.add(key)
    return frozenset(keys)


def _key_behind(tokens: list[Token], index: int) -> str | None:
    """`.key`, `?.key`, `["key"]` or `?.["key"]`."""
    if _near(tokens, index)[1] in (".", "?.") and _near(tokens, index + 1)[0] == "word":
        return _near(tokens, index + 1)[1]
    if _near(tokens, index)[1] == "?.":
        index += 1
    kind, text = _near(tokens, index + 1)
    plain = kind == "string" and text[0] != "`" and "\\" not in text
    return text[1:-1] if plain and _near(tokens, index)[1] == "[" and _near(tokens, index + 2)[1] == "]" else None
