"""Where people and things are reached: e-mail addresses, addresses on the web, telephone numbers.

Each has one shape, a regular expression that Python and PostgreSQL read alike.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget

from nocode.studio.fields.base import NO_SETTINGS, field_types, quoted
from nocode.studio.fields.conversions import call
from nocode.studio.fields.text import Words

_ABROAD = r"\u00a1-\u167f\u1681-\u1fff\u2c00-\u2fff\u3001-\ud7ff\uf900-\ufefe"  # letters beyond ASCII, no white space
_LETTER = rf"[A-Za-z0-9{_ABROAD}]"
_LABEL = rf"{_LETTER}([-A-Za-z0-9{_ABROAD}]{{0,61}}{_LETTER})?"
_TOP = rf"[A-Za-z{_ABROAD}][-A-Za-z0-9{_ABROAD}]{{0,61}}{_LETTER}"
_ATOM = r"[-!#$%&'*+/=?^_`{}|~0-9A-Za-z]+"
_REST = rf"[/?#][!#-;=?-Z_a-z{{|}}~\u005b\u005d{_ABROAD}]*"

EMAIL = rf"^{_ATOM}([.]{_ATOM})*@(localhost|({_LABEL}[.])+{_TOP})$"
USUAL_EMAIL = r"^[A-Za-z0-9]+([.][A-Za-z0-9]+)*@([A-Za-z0-9]+[.])+[A-Za-z]{2,6}$"
WEB = rf"^[Hh][Tt][Tt][Pp][Ss]?://({_LABEL}([.]{_LABEL})*[.]?|\u005b[0-9A-Fa-f:.]{{2,45}}\u005d)(:[0-9]{{1,5}})?({_REST})?$"
PHONE = r"^(?=([^0-9]*[0-9]){3})[+]?[0-9(][-0-9 ().\u00a0\u202f/]{1,30}( ?(x|ext[.]?|poste|#) ?[0-9]{1,6})?$"


def _input(kind: str, **attrs: str) -> forms.Widget:
    widget = UnfoldAdminTextInputWidget(attrs=attrs)
    widget.input_type = kind
    return widget


class _Shaped(Words):
    """A text of one shape."""

    shape: ClassVar[str]
    most: ClassVar[int]  # characters

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_shape", text, self.shape, self.most)

    def constraint(self, column: sql.Composable, settings: dict) -> sql.Composable | None:
        return sql.SQL("char_length({}) <= {}").format(column, sql.Literal(self.most))

    def parse(self, value: Any) -> str | None:
        text = super().parse(value)
        return text.strip() if text else None

    def check(self, value: str, settings: dict) -> str:
        if len(value) > self.most or not re.fullmatch(self.shape, value):
            raise ValidationError(self.refusal() % {"value": quoted(value)})
        return value

    def refusal(self) -> str:
        """What to say of a `value` of another shape."""
        raise NotImplementedError


@field_types.register
class Email(_Shaped):
    """An e-mail address."""

    kind, label = "email", gettext_lazy("E-mail address")
    shape, most = EMAIL, 320

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        """The usual address is known by a short look: the whole shape takes ten times as long."""
        return sql.SQL("CASE WHEN char_length({0}) <= 60 AND {0} ~ {1} THEN {0} ELSE {2} END").format(
            text, sql.Literal(USUAL_EMAIL), super().from_text(text, settings)
        )

    def refusal(self) -> str:
        return _("%(value)s is not an e-mail address; write for example name@example.com")

    def cell(self, value: str, settings: Mapping = NO_SETTINGS) -> SafeString:
        return format_html('<a href="mailto:{0}">{0}</a>', value)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(widget=UnfoldAdminEmailInputWidget(), **options)


@field_types.register
class Url(_Shaped):
    """An address on the web."""

    kind, label = "url", gettext_lazy("Web address")
    shape, most = WEB, 2000
    can_be_unique = False  # an index entry holds about 2,700 bytes

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        whole = sql.SQL("regexp_replace({}, '^([Ww][Ww][Ww][.])', 'https://\\1')").format(call("trim", text))
        return super().from_text(whole, settings)

    def parse(self, value: Any) -> str | None:
        """What begins with www. is meant to be reached by https."""
        text = super().parse(value)
        return f"https://{text}" if text and text[:4].lower() == "www." else text

    def refusal(self) -> str:
        return _("%(value)s is not a web address; write for example https://example.com/page")

    def cell(self, value: str, settings: Mapping = NO_SETTINGS) -> SafeString:
        shown = value.split("://", 1)[-1].removesuffix("/")
        return format_html('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>', value, shown)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(widget=_input("url", placeholder="https://"), **options)


@field_types.register
class Phone(_Shaped):
    """A telephone number, as it is written."""

    kind, label = "phone", gettext_lazy("Telephone number")
    shape, most = PHONE, 50

    def refusal(self) -> str:
        return _("%(value)s is not a telephone number; write for example +33 1 23 45 67 89")

    def cell(self, value: str, settings: Mapping = NO_SETTINGS) -> SafeString:
        number = re.sub(r"[^+0-9]", "", re.split(r"[xe#p]", value)[0])
        return format_html('<a href="tel:{}">{}</a>', number, value)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(widget=_input("tel", autocomplete="off"), **options)
