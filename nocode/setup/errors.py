"""The one error of the set-up code."""


class SetupError(Exception):
    """Something on this machine is in the way. The message says what failed and what to do about it."""
