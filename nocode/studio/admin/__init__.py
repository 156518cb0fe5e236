"""Console pages of projects and tables."""

from nocode.studio.admin import project, table  # noqa: F401
