"""The types of integration: accounts at other systems whose credentials steps may use. One file per family."""

from nocode.automation.integrations import http, oauth, slack, smtp  # noqa: F401
from nocode.automation.integrations.base import IntegrationType, SecretField, integration_types

__all__ = ["IntegrationType", "SecretField", "integration_types"]
