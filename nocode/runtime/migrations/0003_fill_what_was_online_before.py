"""Deployments made so far: what is online since when, and what was online before, as far as numbers tell."""

from django.db import migrations

FILL = """
    UPDATE runtime_deployment AS deployment SET instead_of_id = (
        SELECT id FROM runtime_deployment AS earlier
        WHERE earlier.app_id = deployment.app_id AND earlier.status = 'deployed' AND earlier.number < deployment.number
        ORDER BY earlier.number DESC LIMIT 1
    ) WHERE status = 'deployed';
    UPDATE runtime_generatedapp AS app SET online_since = deployment.finished_at
    FROM runtime_deployment AS deployment WHERE deployment.id = app.current_deployment_id;
"""


class Migration(migrations.Migration):
    dependencies = [("runtime", "0002_what_was_online_before")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
