"""What the console answers when it is asked."""

from typing import Any

from django.dispatch import receiver

from nocode.console import demo
from nocode.foundation.signals.up_signals import up_is_ready


@receiver(up_is_ready, dispatch_uid="console.demo_app")
def demo_app(**kwargs: Any) -> list[tuple[str, str]]:
    """The demo's application, as long as people have not removed it."""
    return [("The demo's app", app.address) for app in demo.apps()]
