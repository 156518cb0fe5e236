"""Console pages of projects, tables and pages."""

from nocode.studio.admin import page, project, table  # noqa: F401
