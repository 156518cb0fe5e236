"""How values are compared: the operators of filters, in words."""

from django.utils.translation import gettext_lazy as _

COMPARISONS = {
    "eq": _("is"),
    "ne": _("is not"),
    "gt": _("is greater than"),
    "gte": _("is at least"),
    "lt": _("is less than"),
    "lte": _("is at most"),
    "contains": _("contains"),
    "starts_with": _("starts with"),
    "ends_with": _("ends with"),
    "in": _("is one of"),
    "is_empty": _("is empty"),
    "is_not_empty": _("is filled in"),
}
WITHOUT_VALUE = frozenset({"is_empty", "is_not_empty"})
