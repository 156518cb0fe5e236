"""The pages of a project: their order, their addresses, and pages made for a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError
from nocode.studio.blocks import Block as Drawn
from nocode.studio.blocks import block_types
from nocode.studio.blocks.config import PageChoice
from nocode.studio.errors import PageRefused
from nocode.studio.events import tell_page
from nocode.studio.models import Block, DataTable, Page, Project
from nocode.studio.schema import names
from nocode.studio.services.blocks import add_block, tree

__all__ = ["Problem", "add_page", "change_page", "delete_page", "make_pages_for", "move_page", "problems", "tree"]

MOST = 200


@dataclass(frozen=True)
class Problem:
    """What keeps a block from working: where, which setting (empty: the whole block), and why."""

    page: str
    block: str
    setting: str
    message: str
    block_id: str = ""


@transaction.atomic
def add_page(project: Project, title: str, *, slug: str = "", icon: str = "", in_menu: bool = True) -> Page:
    """Add a page behind the others, at an address made from its title unless given. Raises PageRefused, NameRefused."""
    pages = _hold(project)
    if len(pages) >= MOST:
        raise PageRefused(_("A project has at most %(most)d pages.") % {"most": MOST})
    page = Page(project=project, title=names.clean_label(title), icon=icon, in_menu=in_menu, position=len(pages))
    taken = {other.slug for other in pages}
    page.slug = _checked_slug(slug, taken) if slug else free_slug(page.title, taken)
    page.save(force_insert=True)
    tell_page(page, "created")
    return page


@transaction.atomic
def change_page(page: Page, *, title: str, slug: str, icon: str = "", in_menu: bool = True) -> Page:
    """Change what a page is called and where it is; blocks that lead to it follow. Raises PageRefused, NameRefused."""
    pages = {other.pk: other for other in _hold(page.project)}
    current = _present(pages, page)
    before = current.slug
    current.title, current.icon, current.in_menu = names.clean_label(title), icon, in_menu
    current.slug = _checked_slug(slug, {other.slug for other in pages.values() if other.pk != page.pk})
    current.save(update_fields=["title", "slug", "icon", "in_menu", "updated_at"])
    if current.slug != before:
        _follow(page.project, before, current.slug)
    tell_page(current, "updated")
    return current


@transaction.atomic
def move_page(page: Page, position: int) -> None:
    """Put a page elsewhere in the order; the first one is where people arrive."""
    pages = _hold(page.project)
    current = _present({other.pk: other for other in pages}, page)
    pages.remove(current)
    pages.insert(max(0, min(position, len(pages))), current)
    _number(pages)
    tell_page(current, "updated")


@transaction.atomic
def delete_page(page: Page) -> None:
    """Delete a page with its blocks."""
    pages = _hold(page.project)
    current = _present({other.pk: other for other in pages}, page)
    pages.remove(current)
    tell_page(current, "deleted")
    current.delete()
    _number(pages)


@transaction.atomic
def make_pages_for(table: DataTable) -> list[Page]:
    """A list, a page for one row and a form for a table, leading to each other and ready to use."""
    project = table.project
    detail_name = _("%(table)s: one row") % {"table": table.label}
    form_name = _("%(table)s: form") % {"table": table.label}
    listing = add_page(project, table.label, icon="table_rows")
    detail = add_page(project, detail_name[:150], icon="article", in_menu=False)
    form = add_page(project, form_name[:150], icon="edit_note", in_menu=False)
    shared = {"table": str(table.pk)}
    fields = list(table.fields.all())
    add_block(
        listing,
        "data.list",
        {
            **shared,
            "fields": [field.physical_name for field in fields if field.type.sortable][:6],
            "filters": [field.physical_name for field in fields if field.kind in ("select", "boolean")][:3],
            "detail_page": detail.slug,
            "add_page": form.slug,
        },
    )
    title = next((field.physical_name for field in fields if field.type.searchable), "")
    add_block(detail, "data.detail", {**shared, "title": title, "edit_page": form.slug, "back_page": listing.slug})
    leads = {"then": detail.slug, "can_delete": True, "after_delete": listing.slug}
    add_block(form, "data.form", shared | leads)
    return [listing, detail, form]


def problems(project: Project) -> list[Problem]:
    """What is wrong with the blocks of a project's pages; empty when all of them can be drawn."""
    tables, pages = known(project)
    return [found for page in project.pages.all() for found in check_tree(page.title, tree(page), tables, pages)]


def known(project: Project) -> tuple[dict[str, DataTable], dict[str, str]]:
    """What blocks of a project may refer to: its tables by id, and the titles of its pages by address."""
    tables = {str(table.pk): table for table in project.tables.prefetch_related("fields")}
    return tables, {page.slug: page.title for page in project.pages.all()}


def check_tree(
    page: str, blocks: list[Drawn], tables: Mapping[str, DataTable], pages: Mapping[str, str]
) -> list[Problem]:
    """What is wrong with a tree of blocks, before it goes live."""
    found = []
    for block in blocks:
        found += [Problem(page, *each, block["id"]) for each in _problems_of(block, tables, pages)]
        for slot in block["slots"]:
            found += check_tree(page, slot, tables, pages)
    return found


def _problems_of(block: Drawn, tables: Mapping[str, Any], pages: Mapping[str, str]) -> list[tuple[str, str, str]]:
    try:
        kind = block_types[block["kind"]]
    except NoCodeError as refusal:
        return [(block["kind"], "", refusal.message)]
    return [
        (str(kind.label), str(kind.Config.base_fields[name].label) if name in kind.Config.base_fields else "", message)
        for name, messages in kind.check(block["settings"], tables, pages).items()
        for message in messages
    ]


def free_slug(title: str, taken: set[str]) -> str:
    """An address made from a title that no page of the project has yet."""
    base = slugify(title)[:50].strip("-") or "page"
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


def _checked_slug(slug: str, taken: set[str]) -> str:
    if slug != slugify(slug) or not 0 < len(slug) <= 60:
        raise PageRefused(_("An address takes small letters a to z, digits and “-”, 60 at most."), field="slug")
    if slug in taken:
        raise PageRefused(_("Another page of this project has the address “%(slug)s”.") % {"slug": slug}, field="slug")
    return slug


def _hold(project: Project) -> list[Page]:
    """The pages of a project in order, which nobody else changes until the transaction ends."""
    if not Project.objects.select_for_update(no_key=True).filter(pk=project.pk).exists():
        raise PageRefused(_("This project was deleted meanwhile."))
    return list(Page.objects.filter(project=project).select_related("project"))


def _present(pages: Mapping[Any, Page], page: Page) -> Page:
    if page.pk not in pages:
        raise PageRefused(_("This page was deleted meanwhile."))
    return pages[page.pk]


def _number(pages: list[Page]) -> None:
    """Positions are no change of a page: they are written without a line in its history."""
    for position, page in enumerate(pages):
        page.position = position
    Page.objects.bulk_update(pages, ["position"])


def _follow(project: Project, before: str, after: str) -> None:
    """Blocks that lead to a page whose address changed lead to its new one."""
    for block in Block.objects.filter(page__project=project):
        kind = block_types.find(block.kind)
        fields = kind.Config.base_fields if kind else {}
        leading = [
            name
            for name, field in fields.items()
            if isinstance(field, PageChoice) and block.settings.get(name) == before
        ]
        if leading:
            block.settings |= dict.fromkeys(leading, after)
            block.save(update_fields=["settings", "updated_at"])
