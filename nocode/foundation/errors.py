"""What we raise on purpose: the message is for people, the details are for logs."""

from typing import Any


class NoCodeError(Exception):
    """The action cannot be done."""

    def __init__(self, message: str = "", **details: Any):
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])
        self.details = details

    @property
    def message(self) -> str:
        return str(self.args[0])


class IllegalTransition(NoCodeError):
    """This status cannot follow the current one."""


class PermissionRefused(NoCodeError):
    """Your role does not allow this."""
