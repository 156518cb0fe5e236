"""The console is one admin site named "NoCode"."""

from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class ConsoleSite(UnfoldAdminSite):
    """Unfold's site, plus our own pages."""

    site_header = site_title = "NoCode"
    index_title = _("Overview")
