"""Console pages of projects, tables and pages."""

from nocode.studio.admin import kept, page, project, table  # noqa: F401
