"""What billing needs in every database: the rules of invoices, and a default plan."""

from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from nocode.foundation.models import Plan

_RULES = Path(__file__).with_name("billing.sql")


@transaction.atomic
def set_up() -> None:
    """Create what is missing; what people changed stays."""
    with connection.cursor() as cursor:
        cursor.execute(_RULES.read_text(encoding="utf-8"))
    if Plan.objects.exists():
        return
    with translation.override(settings.LANGUAGE_CODE):  # `migrate` speaks no language
        Plan.objects.create(name=_("Unlimited"), description=_("No limits."), is_default=True, is_offered=False)
