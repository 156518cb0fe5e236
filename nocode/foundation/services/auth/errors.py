"""What is refused to people who want in, or somebody else out."""

from nocode.foundation.errors import NoCodeError


class LinkInvalid(NoCodeError):
    """This link is not valid."""


class InvitationRefused(NoCodeError):
    """This person cannot be invited."""


class WrongPerson(NoCodeError):
    """This invitation is for somebody else."""


class PasswordRefused(NoCodeError):
    """This password is too easy to guess."""


class AddressTaken(NoCodeError):
    """This address cannot be that of an account."""


class AccountNeeded(NoCodeError):
    """Somebody has to keep this account."""


class TokenRefused(NoCodeError):
    """This token lets nobody in."""
