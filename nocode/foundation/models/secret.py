"""Columns whose content is encrypted."""

from django.db import models


class SecretText(models.TextField):
    """Holds what `foundation/crypto.py` encrypted, which its model does; `rotate_keys` finds it by its class."""

    def deconstruct(self) -> tuple:
        """For the database it is text like any other."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs
