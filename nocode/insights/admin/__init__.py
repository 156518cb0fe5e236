"""Console pages of activities and figures."""

from nocode.insights.admin import activity, metric  # noqa: F401
