"""What one's own account shows."""

from django import template

from nocode.foundation.browsers import short_name

register = template.Library()


@register.filter
def browser(user_agent: str) -> str:
    """A browser in two words."""
    return short_name(user_agent) or "–"
