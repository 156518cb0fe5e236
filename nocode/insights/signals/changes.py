"""What a save or a deletion means."""

from django.db.models import DateTimeField, IntegerField, Model, QuerySet


def is_of_people(instance: Model, update_fields: frozenset | None) -> bool:
    """Whether a save wrote anything that people decide: counters and moments are kept by machines."""
    if update_fields is None:
        return True
    fields = (instance._meta.get_field(name) for name in update_fields)
    return not all(isinstance(field, IntegerField | DateTimeField) for field in fields)


def status_before(instance: Model) -> str | None:
    """Which status an object had before it was saved. The history knows, whatever became of it since it was loaded."""
    statuses = instance.history.order_by("-history_id").values_list("status", flat=True)[:2]
    return statuses[1] if len(statuses) == 2 else None


def is_meant(instance: Model, origin: Model | QuerySet | None) -> bool:
    """Whether somebody deleted just this, or one of several like it; not when it went with something else."""
    model = origin.model if isinstance(origin, QuerySet) else type(origin)
    return model is type(instance)
