"""What searching needs in the database."""

from typing import Any

from django.apps import apps
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from nocode.insights.searching import install_index


@receiver(post_migrate, sender=apps.get_app_config("foundation"), dispatch_uid="insights.create_search_index")
def create_search_index(using: str, **kwargs: Any) -> None:
    """After the last of our apps: by then the studio has created the extension, where it may."""
    install_index(using)
