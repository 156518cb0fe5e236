"""What billing needs in every database: the rules of invoices, a default plan, and the daily renewal."""

from datetime import timedelta
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.models import Schedule

from nocode.foundation.models import Plan
from nocode.foundation.services.billing.renewal import renew_due

_RULES = Path(__file__).with_name("billing.sql")


@transaction.atomic
def set_up() -> None:
    """Create what is missing; what people changed stays."""
    with connection.cursor() as cursor:
        cursor.execute(_RULES.read_text(encoding="utf-8"))
    if not Plan.objects.exists():
        Plan.objects.create(name=_("Unlimited"), description=_("No limits."), is_default=True, is_offered=False)
    tomorrow = timezone.localtime().replace(hour=2, minute=15, second=0, microsecond=0) + timedelta(days=1)
    Schedule.objects.get_or_create(
        func=renew_due.path,
        defaults={"name": "renew_subscriptions", "schedule_type": Schedule.DAILY, "next_run": tomorrow},
    )
