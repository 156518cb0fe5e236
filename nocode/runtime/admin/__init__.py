"""Console pages of applications and deployments."""

from nocode.runtime.admin import app, deployment  # noqa: F401
