"""How many rows there are, as far as it is worth knowing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nocode.foundation.database import is_cancelled
from nocode.studio.errors import CountTooSlow

if TYPE_CHECKING:
    from nocode.studio.queries import Filter
    from nocode.studio.services.records import Records

EXACT, ABOUT, AT_LEAST = "exact", "about", "at least"
WORTH_COUNTING = 10_000
COUNT_SECONDS = 10


@dataclass(frozen=True)
class Size:
    """A number of rows; `kind` says whether it is exact, an estimate, or where counting stopped."""

    number: int
    kind: str = EXACT

    @property
    def is_exact(self) -> bool:
        return self.kind == EXACT

    def __str__(self) -> str:
        number = intcomma(self.number)
        if self.kind == ABOUT:
            return _("about %(number)s rows") % {"number": number}
        if self.kind == AT_LEAST:
            return _("more than %(number)s rows") % {"number": number}
        return ngettext("%(number)s row", "%(number)s rows", self.number) % {"number": number}


def counted(records: "Records", filters: "Iterable[Filter]" = (), *, search: str = "") -> Size:
    """The number of rows that match, counted one by one. Raises CountTooSlow, QueryRefused."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{COUNT_SECONDS}s"])
            return Size(records.count(filters, search=search))
    except OperationalError as error:
        if not is_cancelled(error):
            raise
        message = _("Counting was given up after %(seconds)d seconds; narrow the list and try again.")
        raise CountTooSlow(message % {"seconds": COUNT_SECONDS}) from error
