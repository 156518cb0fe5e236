"""How the texts of a column name people: by name, by e-mail address, by number. Only members can be meant."""

from uuid import UUID

from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.foundation.models import User
from nocode.studio.importing.ways import BY_LABEL, ByNumber, Way, ways_to
from nocode.studio.layouts import Layout
from nocode.studio.models import Field

BY_EMAIL = "*email"


class Member(Way):
    """A way to name the members of the organization a table belongs to; nobody is made by an import."""

    makes_rows = False

    @property
    def rows_of(self) -> str:
        return _("members")

    def leads_home(self, field: Field) -> bool:
        return False

    def nothing(self) -> str:
        return _("no member of the organization is “%(word)s” (%(way)s)")

    def several(self) -> str:
        return _("%(count)d members of the organization are “%(word)s” (%(way)s): give their e-mail addresses")

    def _rows_with(self, key: sql.Composable) -> sql.Composable:
        """The members as values: statements about a project's rows read none of the platform's tables."""
        people = members_of(self.layout.organization_id)
        return sql.SQL(
            "(SELECT o.id, {key} AS key FROM unnest({ids}::bigint[], {names}::text[], {emails}::text[]) "
            "AS o (id, name, email))"
        ).format(
            key=key,
            ids=sql.Literal([each.pk for each in people]),
            names=sql.Literal([str(each) for each in people]),
            emails=sql.Literal([each.email for each in people]),
        )


class ByPersonName(Member):
    """As people are shown."""

    key = BY_LABEL

    @property
    def label(self) -> str:
        return _("the name of the person")

    def known(self) -> sql.Composable:
        return self._rows_with(sql.Identifier("o", "name"))

    def meant(self, word: sql.Composable) -> sql.Composable:
        return word


class ByEmail(Member):
    """The address a person logs in with, whatever its case."""

    key, is_narrow = BY_EMAIL, True

    @property
    def label(self) -> str:
        return _("the e-mail address")

    def known(self) -> sql.Composable:
        return self._rows_with(sql.SQL("lower(o.email)"))

    def meant(self, word: sql.Composable) -> sql.Composable:
        return sql.SQL("CASE WHEN {0} LIKE '%@%' THEN lower({0}) END").format(word)


class ByPersonNumber(Member, ByNumber):
    """What workflows call a person."""

    @property
    def label(self) -> str:
        return _("the number of the person")


def members_of(organization_id: UUID) -> list[User]:
    """The people whom rows of an organization can name."""
    return list(User.objects.filter(organizations=organization_id).only("name", "email"))


def ways_of(field: Field, layout: Layout) -> dict[str, Way]:
    """Every way in which a column can name what a field of a table leads to; none when it leads nowhere."""
    if field.type.is_relation:
        return ways_to(layout.related(field.settings["table"]))
    if field.kind == "user":
        return {way.key: way for way in (ByPersonName(layout), ByEmail(layout), ByPersonNumber(layout))}
    return {}
