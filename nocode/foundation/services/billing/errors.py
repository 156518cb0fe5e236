"""What billing refuses."""

from nocode.foundation.errors import NoCodeError


class LimitReached(NoCodeError):
    """The plan does not allow more of this."""


class PlanRefused(NoCodeError):
    """This plan cannot be chosen now."""


class RenewalFailed(NoCodeError):
    """Some subscriptions could not be renewed."""
