import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0005_draft_revisions"),
    ]

    operations = [
        migrations.AddField(
            model_name="historicalworkflow",
            name="error_workflow",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                help_text="This workflow is started with the failure as its input. Its own failures start nothing.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="automation.workflow",
                verbose_name="when an execution fails, run",
            ),
        ),
        migrations.AddField(
            model_name="workflow",
            name="error_workflow",
            field=models.ForeignKey(
                blank=True,
                help_text="This workflow is started with the failure as its input. Its own failures start nothing.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="automation.workflow",
                verbose_name="when an execution fails, run",
            ),
        ),
        migrations.AddField(
            model_name="workflowexecution",
            name="depth",
            field=models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="depth"),
        ),
        migrations.AddField(
            model_name="workflowexecution",
            name="parent",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="children",
                to="automation.workflowexecution",
                verbose_name="called by",
            ),
        ),
        migrations.AddField(
            model_name="workflowexecution",
            name="parent_attempt",
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="workflowexecution",
            name="parent_iteration",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="workflowexecution",
            name="parent_node",
            field=models.CharField(blank=True, max_length=60, verbose_name="calling step"),
        ),
        migrations.AddIndex(
            model_name="workflowexecution",
            index=models.Index(
                condition=models.Q(("parent__isnull", False)), fields=["parent"], name="execution_parent"
            ),
        ),
    ]
