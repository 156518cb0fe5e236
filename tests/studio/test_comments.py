"""What people say about rows: kept, told to those mentioned, and to nobody else."""

import pytest
from django.urls import reverse
from django.utils import translation

from nocode.foundation.models import Notification, Role
from nocode.studio.errors import CommentRefused, RecordNotFound
from nocode.studio.models import RecordComment
from nocode.studio.services import comments
from nocode.studio.services.records import Records
from tests.factories import make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return make_organization()


@pytest.fixture
def owner(organization):
    return make_user("owner@example.com", organization=organization)


@pytest.fixture
def teammate(organization):
    return make_user("mate@example.com", organization=organization, role=Role.VIEWER)


@pytest.fixture
def stranger():
    return make_user("stranger@example.com", organization=make_organization())


@pytest.fixture
def table(organization):
    return make_table(make_project(organization), "Deals")


@pytest.fixture
def row(table) -> int:
    return Records(table).create({"name": "Ada"})["id"]


def told() -> list[str]:
    return sorted(Notification.objects.values_list("user__email", flat=True))


def test_a_teammate_who_is_mentioned_finds_it_under_the_bell(table, row, owner, teammate):
    comment = comments.add(table, row, owner, "  Look at this, @Mate@Example.com, please. ")

    assert comment.text == "Look at this, @Mate@Example.com, please."
    assert (comment.author, comment.record_id) == (owner, row)
    assert list(comment.mentioned.all()) == [teammate]
    notification = Notification.objects.get()
    assert notification.user == teammate
    assert notification.title == "owner@example.com mentioned you in “Deals”"
    assert notification.text == comment.text
    assert notification.link == reverse("admin:studio_table_row_history", args=[table.pk, row])
    assert notification.organization == table.project.organization


def test_each_reads_of_it_in_their_own_language(table, row, owner, teammate):
    with translation.override("fr"):
        comments.add(table, row, owner, "@mate@example.com")

    notification = Notification.objects.get()
    assert str(notification) == "owner@example.com mentioned you in “Deals”"
    with translation.override("fr"):
        assert str(notification).startswith("owner@example.com vous mentionne dans")


@pytest.mark.parametrize(
    "text", ["@stranger@example.com", "@nobody@example.com", "mate@example.com", "x@mate@example.com"]
)
def test_strangers_and_plain_addresses_are_not_mentions(table, row, owner, teammate, stranger, text):
    comments.add(table, row, owner, text)

    assert told() == []
    assert RecordComment.objects.get().mentioned.count() == 0


def test_authors_do_not_tell_themselves(table, row, owner):
    comment = comments.add(table, row, owner, "@owner@example.com remember")

    assert list(comment.mentioned.all()) == [owner]
    assert told() == []


def test_who_was_deactivated_is_not_told(table, row, owner, teammate):
    teammate.is_active = False
    teammate.save()

    comments.add(table, row, owner, "@mate@example.com")

    assert told() == []


@pytest.mark.parametrize("around", ["(@{})", "@{}.", "@{}!?", "«@{}»", "@{}, thanks", "x\n@{}\ny", "@{} @{} again"])
def test_a_mention_stands_anywhere_in_a_sentence(table, row, owner, teammate, around):
    comments.add(table, row, owner, around.replace("{}", teammate.email))

    assert told() == ["mate@example.com"]


@pytest.mark.parametrize("text", ["", "  \n ", "a\0b", "x" * 5001])
def test_texts_that_cannot_be_kept_are_refused(table, row, owner, text):
    with pytest.raises(CommentRefused):
        comments.add(table, row, owner, text)
    assert not RecordComment.objects.exists()


def test_the_longest_comment_is_kept_whole(table, row, owner):
    text = "é" * 5000

    assert comments.add(table, row, owner, text).text == text


def test_too_many_mentions_are_refused_and_nothing_is_kept(table, row, owner):
    with pytest.raises(CommentRefused, match="50 people"):
        comments.add(table, row, owner, " ".join(f"@p{number}@example.com" for number in range(51)))
    assert not RecordComment.objects.exists()


@pytest.mark.parametrize("row_id", [999, 2**70, "abc", -1])
def test_there_is_nothing_to_say_about_a_row_that_is_not_there(table, owner, row_id):
    with pytest.raises(RecordNotFound):
        comments.add(table, row_id, owner, "Hello")


def test_comments_of_a_row_in_order_with_their_authors(table, row, owner, teammate, django_assert_num_queries):
    other = Records(table).create({"name": "Bob"})["id"]
    for number in range(30):
        comments.add(table, row, (owner, teammate)[number % 2], f"Number {number}")
    comments.add(table, other, owner, "Another row")

    with django_assert_num_queries(2):  # the comments, and whom they told
        said = [(str(comment.author), comment.text) for comment in comments.of_row(table, row)]

    assert said[:2] == [("owner@example.com", "Number 0"), ("mate@example.com", "Number 1")]
    assert len(said) == 30


@pytest.mark.parametrize("amount", [1, 30])
def test_a_mention_costs_the_same_for_one_and_thirty_people(
    table, row, owner, organization, amount, django_assert_max_num_queries
):
    people = [make_user(organization=organization) for _number in range(amount)]

    with django_assert_max_num_queries(14):
        comments.add(table, row, owner, " ".join(f"@{person.email}" for person in people))

    assert len(told()) == amount


def test_a_deleted_comment_is_gone(table, row, owner, teammate):
    comment = comments.add(table, row, owner, "@mate@example.com")

    comments.delete(comment)

    assert comments.of_row(table, row) == []
    assert told() == ["mate@example.com"]


def test_teammates_see_comments_and_strangers_do_not(table, row, owner, teammate, stranger):
    comments.add(table, row, owner, "Hello")

    assert RecordComment.objects.visible_to(owner).count() == 1
    assert RecordComment.objects.visible_to(teammate).count() == 1
    assert RecordComment.objects.visible_to(stranger).count() == 0


def test_whoever_is_told_stands_in_the_comment_by_name_and_nobody_else(client, table, row, owner, teammate, stranger):
    teammate.name = "Mia <b>"
    teammate.save()
    comments.add(table, row, owner, "@mate@example.com, and @stranger@example.com: <look>")

    [shown] = comments.of_row(table, row)

    marked = '<mark class="c-mention">@Mia &lt;b&gt;</mark>, and @stranger@example.com: &lt;look&gt;'
    assert shown.shown == marked
    client.force_login(owner)
    page = client.get(reverse("admin:studio_table_row_history", args=[table.pk, row])).content.decode()
    assert marked in page
    assert '<option value="mate@example.com">Mia &lt;b&gt;</option>' in page
    assert '<option value="stranger@example.com"' not in page
