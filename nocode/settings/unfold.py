"""Theme and sidebar of the console, data only."""

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

UNFOLD = {
    "SITE_TITLE": "NoCode",
    "SITE_HEADER": "NoCode",
    "SITE_SYMBOL": "bolt",
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_BACK_BUTTON": True,
    "SHOW_LANGUAGES": True,
    "STYLES": [lambda request: static("css/console.css")],
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {"items": [{"title": _("Overview"), "icon": "space_dashboard", "link": reverse_lazy("admin:index")}]},
        ],
    },
}
