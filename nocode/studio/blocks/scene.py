"""What a block may know of the world around it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

ROW = "row"  # the parameter of an address that names the row a page is about


class Scene:
    """Who looks at a page, and where. The designer's preview and an application each are a scene.

    `services.scenes.ProjectScene` reads the tables of a project; applications subclass that one.
    `invalid` maps the id of a form block to the refused form it shows again. Blocks read their parameters from `query`,
    each prefixed with the block's id; the row a page is about is `row` there.
    """

    is_live = True  # False in the designer's preview: no links lead away, forms do not post
    has_choosers = False  # whether something drawn here searches rows while people type, which takes a script
    csrf_token = ""  # forms post it; empty where they do not

    def __init__(
        self,
        project_id: UUID,
        user: Any,
        *,
        query: QueryDict | None = None,
        row_id: Any = None,
        invalid: Mapping[str, forms.Form] | None = None,
    ):
        self.project_id, self.user = project_id, user
        self.query = QueryDict() if query is None else query
        self.row_id, self.invalid = row_id, invalid or {}

    def may(self, action: str) -> bool:
        """Whether the person may view, add, change or delete rows."""
        raise NotImplementedError

    def records(self, table_id: str) -> Any:
        """The Records of a table. Raises TableMissing when the project has no such table."""
        raise NotImplementedError

    def url(self, page_slug: str, **query: Any) -> str:
        """The address of a page; empty where links lead nowhere."""
        raise NotImplementedError

    def few_rows(self, table_id: str) -> Sequence[Any]:
        """All rows of a table with their labels, when they fit in a list to choose from; else nothing."""
        raise NotImplementedError

    def choices_url(self, block_id: str, field: Any) -> str:
        """Where the rows are searched that a relation in the form of a block may lead to."""
        raise NotImplementedError

    def file_url(self, block_id: str, row_id: int, name: str, file: Mapping[str, Any]) -> str:
        """The address of a file that a field of a row holds and a block shows; empty where it leads nowhere."""
        raise NotImplementedError

    def here(self, **changes: Any) -> str:
        """The address of this page with other parameters (None removes one); empty where links lead nowhere."""
        if not self.is_live:
            return ""
        query = self.query.copy()
        for name, value in changes.items():
            query.pop(name, None)
            if value is not None:
                query[name] = value
        return f"?{query.urlencode()}"
