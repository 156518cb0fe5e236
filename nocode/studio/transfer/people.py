"""The people that rows name: e-mail addresses in a file, numbers of members in the database."""

import json

from django.db import connection
from psycopg2 import sql

from nocode.studio.importing.people import members_of
from nocode.studio.importing.staging import cell
from nocode.studio.models import Project
from nocode.studio.transfer.loading import TableRows
from nocode.studio.transfer.rows import people_fields


def recognize(rows: TableRows, project: Project) -> int:
    """Put the numbers of members in the place of their addresses; answers how many values named nobody: these go."""
    strangers = 0
    for index, _field in ((index, field) for index, field in rows.fields if people_fields([field])):
        names = {"staging": rows.staging.target, "cell": cell(index)}
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT DISTINCT lower({cell}) FROM {staging} WHERE {cell} <> ''").format(**names))
            members = _members(project, {address for (address,) in cursor.fetchall()})
            known = sql.SQL("({}::jsonb ->> lower({}))").format(sql.Literal(json.dumps(members)), names["cell"])
            cursor.execute(
                sql.SQL("SELECT count(*) FROM {staging} WHERE {cell} <> '' AND {known} IS NULL").format(
                    **names, known=known
                )
            )
            strangers += cursor.fetchone()[0]
            cursor.execute(
                sql.SQL("UPDATE {staging} SET {cell} = {known} WHERE {cell} IS NOT NULL").format(**names, known=known)
            )
    return strangers


def _members(project: Project, addresses: set[str]) -> dict[str, str]:
    if not addresses:
        return {}
    known = {each.email.lower(): str(each.pk) for each in members_of(project.organization_id)}
    return {address: known[address] for address in addresses & known.keys()}
