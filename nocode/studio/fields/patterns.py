"""How large a regular expression becomes when it is made ready: what is repeated n times stands there n times.

Thirty characters, `(((a?){1000}){1000}){1000}`, would take more memory than there is, before they meet any text.
"""

import re

LARGEST = 20_000  # parts, all repetitions written out
_PART = re.compile(
    r"""
    (?P<escaped> \\. )
  | (?P<set> \[ \^? \]? (?: \\. | [^\]\\] )* \] )
  | (?P<open> \( )
  | (?P<close> \) )
  | \{ (?P<least> \d* ) (?: , (?P<most> \d* ) )? \}
  | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_UNREADABLE = re.compile(r"\(\?(?:\#|[a-zA-Z0-9]*x)")  # comments and spaced out patterns: nobody needs them here
_LONGEST_NUMBER = 6  # digits


def is_too_large(pattern: str) -> bool:
    """Whether a pattern has more parts than LARGEST, or hides how many it has."""
    return bool(_UNREADABLE.search(pattern)) or _parts(pattern) > LARGEST


def _parts(pattern: str) -> int:
    """The parts of a pattern: those of a group count as often as the group is repeated."""
    groups, last = [0], 0  # the parts of each group that is open, and of what stands before
    for found in _PART.finditer(pattern):
        if found["open"]:
            groups.append(0)
            last = 0
        elif found["close"] and len(groups) > 1:
            last = groups.pop() + 1
            groups[-1] += last
        elif found["least"] is not None:
            more = last * (_times(found) - 1)
            groups[-1] += more
            last += more
        else:
            last = 1
            groups[-1] += 1
    return sum(groups)


def _times(found: re.Match) -> int:
    """How often a repetition repeats; without an end it stands there as often as it must."""
    digits = (found["most"] or found["least"] or "1")[: _LONGEST_NUMBER + 1]
    return max(int(digits), 1)
