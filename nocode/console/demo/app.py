"""The demo's application: its pages, put online by the queue like any other's."""

from django.utils.translation import gettext as _

from nocode.console.demo.shop import Shop
from nocode.foundation.models import User
from nocode.runtime.models import GeneratedApp
from nocode.runtime.services import deployments
from nocode.studio.services.pages import free_slug

ADDRESS = "order-desk"


def create_order_desk(shop: Shop, owner: User) -> GeneratedApp:
    """Create the application and queue its first deployment; a cluster builds it as soon as there is one."""
    app = GeneratedApp.objects.create(
        project=shop.project,
        name=_("Order desk"),
        slug=free_slug(ADDRESS, set(GeneratedApp.objects.values_list("slug", flat=True))),
        description=_("Orders and customers of the shop, for the people who pack and answer the phone."),
        created_by=owner,
    )
    deployments.deploy(app, owner, _("First version"))
    return app
