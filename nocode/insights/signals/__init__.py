"""Django signals in, activities out."""

from nocode.insights.signals import automation, building, people, searching  # noqa: F401
