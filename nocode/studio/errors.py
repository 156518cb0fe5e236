"""What the studio raises on purpose."""

from typing import Any

from nocode.foundation.errors import NoCodeError


class NameRefused(NoCodeError):
    """This name cannot be used."""


class NameTaken(NoCodeError):
    """This name is already in use."""


class FieldRefused(NoCodeError):
    """The field cannot be made with these settings."""


class SchemaBusy(NoCodeError):
    """Somebody is using the table; nothing was changed. Try again in a moment."""


class SchemaRefused(NoCodeError):
    """The database refused the change; nothing was changed."""


class LookFirst(NoCodeError):
    """Nothing was saved yet: look at what will change, and agree to it."""


class ConversionRefused(SchemaRefused):
    """Values would be lost or changed by the other type; nothing was changed."""


class TableMissing(NoCodeError):
    """The table does not exist in the database."""


class TableChanged(NoCodeError):
    """The table's fields were changed meanwhile. Try again."""


class RecordNotFound(NoCodeError):
    """There is no such row."""


class RecordChanged(NoCodeError):
    """Somebody changed this row meanwhile."""


class RowsBusy(NoCodeError):
    """Somebody is changing the same rows right now; nothing was changed. Try again in a moment."""


class CommentRefused(NoCodeError):
    """This comment cannot be kept."""


class QueryRefused(NoCodeError):
    """The search cannot be done."""


class TooManyFollow(QueryRefused):
    """Too many rows would go with these at once."""


class FieldBroken(NoCodeError):
    """What this field shows cannot be read: something it needs is gone or has changed."""


class FormulaRefused(NoCodeError):
    """The formula cannot be understood. `position` is the place in its text, from 0."""

    def __init__(self, message: str = "", *, position: int = 0, **details: Any):
        super().__init__(message, **details)
        self.position = position


class FieldMissing(NoCodeError):
    """The table has no such field any more."""


class PageRefused(NoCodeError):
    """The page cannot be changed like this."""


class BlockRefused(NoCodeError):
    """The block cannot be saved like this. `errors` holds a list of messages per setting."""

    def __init__(self, message: str = "", *, errors: dict[str, list[str]] | None = None, **details: Any):
        super().__init__(message, **details)
        self.errors = errors or {}


class BlockChanged(NoCodeError):
    """Somebody changed this block meanwhile."""


class CountTooSlow(NoCodeError):
    """Counting the rows took longer than anybody should wait for."""


class RecordErrors(NoCodeError):
    """The row was refused. `errors` holds one message per field, keyed by its physical name."""

    def __init__(self, errors: dict[str, str], **details: Any):
        super().__init__("\n".join(errors.values()), **details)
        self.errors = errors


class JobRefused(NoCodeError):
    """This cannot be asked of the job now."""


class FileRefused(NoCodeError):
    """This file cannot be kept."""


class ImportRefused(NoCodeError):
    """This file cannot be imported like this."""


class TakeoverRefused(NoCodeError):
    """This schema cannot be taken over."""


class RuleBroken(SchemaRefused):
    """Rows break the rule; nothing was changed. `details["problem"]` says which."""
