"""Django signals in, activities out."""

from nocode.insights.signals import automation, building, people  # noqa: F401
