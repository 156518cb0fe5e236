import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import nocode.foundation.ids


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0004_ended_badly"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="edge",
            options={"ordering": ["workflow", "id"], "verbose_name": "edge", "verbose_name_plural": "edges"},
        ),
        migrations.AddField(
            model_name="node",
            name="is_disabled",
            field=models.BooleanField(
                default=False,
                help_text="The step is skipped: what comes in goes on as it is.",
                verbose_name="switched off",
            ),
        ),
        migrations.CreateModel(
            name="DraftChange",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                ("revision", models.PositiveIntegerField(verbose_name="revision")),
                ("acts", models.JSONField(default=list, verbose_name="what was done")),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="draft_changes",
                        to="automation.workflow",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of a draft",
                "verbose_name_plural": "changes of drafts",
                "ordering": ["workflow", "-revision"],
                "constraints": [models.UniqueConstraint(fields=("workflow", "revision"), name="draft_revision_once")],
            },
        ),
    ]
