"""What the runtime raises on purpose."""

from nocode.foundation.errors import NoCodeError


class AppArchived(NoCodeError):
    """This application is archived; restore it first."""


class CannotRollBack(NoCodeError):
    """This deployment cannot be put online again."""


class AppGone(NoCodeError):
    """This application was deleted meanwhile."""
