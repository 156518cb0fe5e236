"""What load balancers and monitors ask: is the process alive, can the installation do its work?"""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from nocode.foundation.models import Worker


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing of the database, so that its failure does not get web processes killed."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers, its schema is current and a worker is alive; 503 otherwise, naming what is missing."""
    checks = {"database": False, "migrations": False, "workers": 0}
    try:
        connection.ensure_connection()
        checks["database"] = True
        checks["migrations"] = not _pending_migrations()
        if checks["migrations"]:
            checks["workers"] = Worker.objects.alive().count()
    except Error:
        checks["database"] = False
    ready = all(checks.values())
    return JsonResponse({"ready": ready, **checks}, status=200 if ready else 503)


def _pending_migrations() -> list:
    executor = MigrationExecutor(connection)
    return executor.migration_plan(executor.loader.graph.leaf_nodes())
