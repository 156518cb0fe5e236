"""How many rows there are, as far as it is worth knowing."""

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

EXACT, ABOUT, AT_LEAST = "exact", "about", "at least"
WORTH_COUNTING = 10_000


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
