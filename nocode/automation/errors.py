"""What automation raises on purpose."""

from nocode.foundation.errors import IllegalTransition, NoCodeError


class WorkflowNotRunnable(NoCodeError):
    """This workflow cannot be started."""


class InvalidWorkflow(NoCodeError):
    """This workflow has problems that must be solved before it is published."""


class InvalidDraft(NoCodeError):
    """This change of the draft is not possible."""


class InvalidIntegration(NoCodeError):
    """The settings of this integration are not valid."""


class IntegrationExists(NoCodeError):
    """Another integration of this organization has this name."""


class IntegrationInUse(NoCodeError):
    """Steps use this integration."""


class NotTestable(NoCodeError):
    """This integration cannot be tried."""


class NoSuchId(NoCodeError):
    """There is nothing of this id."""


class AlreadyRepeated(IllegalTransition):
    """This attempt was repeated already."""


class JobRefused(NoCodeError):
    """This act on many executions is not possible."""


class AlreadyDecided(NoCodeError):
    """There is nothing to decide any more."""


class StepFailure(NoCodeError):
    """A step could not do its work."""


class PermanentFailure(StepFailure):
    """Trying again would fail again."""


class TransientFailure(StepFailure):
    """Trying again later may succeed."""


class LeaseLost(NoCodeError):
    """Another worker runs this execution now, or it was cancelled."""
