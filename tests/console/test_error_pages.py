"""What people see when a page cannot be shown."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import include, path


def _forbidden(request):
    raise PermissionDenied


def _broken(request):
    raise RuntimeError


urlpatterns = [path("forbidden/", _forbidden), path("broken/", _broken), path("", include("nocode.urls"))]


@pytest.fixture(autouse=True)
def these_urls(settings):
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


# Without the mark for the database: an error page may not need one.
@pytest.mark.parametrize(
    ("method", "address", "status", "english", "french"),
    [
        ("get", "/forbidden/", 403, "You are not allowed to do this.", "Vous n’avez pas le droit de faire cela."),
        ("get", "/missing/", 404, "There is no such page.", "Cette page n’existe pas."),
        ("get", "/broken/", 500, "Something went wrong on our side.", "Une erreur s’est produite de notre côté."),
        ("post", "/i18n/setlang/", 403, "This form could not be accepted.", "Ce formulaire n’a pas pu être accepté."),
    ],
)
def test_error_pages_have_our_look_in_both_languages(client, method, address, status, english, french):
    for language, sentence in [("en", english), ("fr", french)]:
        response = getattr(client, method)(address, headers={"accept-language": language})

        assert response.status_code == status
        text = response.content.decode()
        assert f"<h1>{sentence}</h1>" in text
        assert f'<html lang="{language}">' in text
        assert "css/error.css" in text
        assert 'href="/admin/"' in text
