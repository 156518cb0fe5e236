"""Credentials of n8n as integrations that are wanted: no secret is in an export."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from nocode.automation.n8n.base import Source

_TYPES = {
    "httpBasicAuth": "http.basic",
    "httpDigestAuth": "http.basic",
    "httpHeaderAuth": "http.api_key",
    "httpQueryAuth": "http.query_key",
    "httpBearerAuth": "http.bearer",
    "oAuth2Api": "oauth2",
    "smtp": "smtp",
    "slackApi": "slack",
}


def wanted_by(source: Source) -> dict[str, str] | None:
    """The integration a node wants, if any: id, name and type, as a file of ours has them."""
    credentials = source.raw.get("credentials")
    for kind, said in credentials.items() if isinstance(credentials, dict) else ():
        said = said if isinstance(said, dict) else {"name": said}
        name = str(said.get("name") or kind)[:150]
        pk = str(uuid5(NAMESPACE_URL, f"n8n:{kind}:{said.get('id', '')}:{name}"))
        return {"id": pk, "name": name, "type": _TYPES.get(kind, "http.bearer")}
    return None


def integration_of(source: Source) -> dict[str, Any]:
    """The setting that names it, for a step that uses it."""
    wanted = wanted_by(source)
    return {"integration": wanted["id"]} if wanted else {}
