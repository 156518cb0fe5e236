import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import nocode.foundation.ids


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0006_called_executions"),
        ("foundation", "0005_sentences_of_notifications"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                ("node_key", models.CharField(max_length=60, verbose_name="step")),
                ("iteration", models.PositiveIntegerField(default=0, verbose_name="iteration")),
                ("attempt", models.PositiveSmallIntegerField(default=1, verbose_name="attempt")),
                ("workflow_name", models.CharField(max_length=150, verbose_name="workflow")),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("text", models.TextField(blank=True, verbose_name="text")),
                ("fields_asked", models.JSONField(default=list, verbose_name="fields to fill in")),
                (
                    "asked",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None, verbose_name="people asked"
                    ),
                ),
                ("by_email", models.BooleanField(default=True, verbose_name="by e-mail")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Waiting"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                            ("expired", "Expired"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("due_at", models.DateTimeField(null=True, verbose_name="expires")),
                ("remind_at", models.DateTimeField(null=True, verbose_name="next reminder")),
                ("remind_every", models.DurationField(null=True, verbose_name="remind every")),
                ("escalate_at", models.DateTimeField(null=True, verbose_name="asks others too")),
                (
                    "escalate_to",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None, verbose_name="others to ask"
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True, verbose_name="answered")),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
                ("values", models.JSONField(default=dict, verbose_name="filled in")),
            ],
            options={
                "verbose_name": "approval",
                "verbose_name_plural": "approvals",
                "ordering": ["-id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="EventWait",
            fields=[
                ("node_key", models.CharField(max_length=60, verbose_name="step")),
                ("iteration", models.PositiveIntegerField(default=0, verbose_name="iteration")),
                ("attempt", models.PositiveSmallIntegerField(default=1, verbose_name="attempt")),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("pattern", models.CharField(max_length=200, verbose_name="event")),
                ("stem", models.CharField(editable=False, max_length=200)),
                ("filter", models.TextField(blank=True, verbose_name="condition")),
                ("input", models.JSONField(null=True, verbose_name="input")),
                ("after_event", models.BigIntegerField(editable=False)),
            ],
            options={
                "verbose_name": "wait for an event",
                "verbose_name_plural": "waits for events",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="StepSignal",
            fields=[
                ("node_key", models.CharField(max_length=60, verbose_name="step")),
                ("iteration", models.PositiveIntegerField(default=0, verbose_name="iteration")),
                ("attempt", models.PositiveSmallIntegerField(default=1, verbose_name="attempt")),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("payload", models.JSONField(verbose_name="answer")),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "answer to a step",
                "verbose_name_plural": "answers to steps",
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="approval",
            name="answered_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="answered by",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="execution",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="automation.workflowexecution",
                verbose_name="execution",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="foundation.organization",
                verbose_name="organization",
            ),
        ),
        migrations.AddField(
            model_name="eventwait",
            name="execution",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="automation.workflowexecution",
                verbose_name="execution",
            ),
        ),
        migrations.AddField(
            model_name="eventwait",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="foundation.organization",
                verbose_name="organization",
            ),
        ),
        migrations.AddField(
            model_name="stepsignal",
            name="execution",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="automation.workflowexecution",
                verbose_name="execution",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("state", "open")), fields=["asked"], name="approval_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                fields=("execution", "node_key", "iteration", "attempt"), name="approval_once_per_attempt"
            ),
        ),
        migrations.AddIndex(
            model_name="eventwait",
            index=models.Index(fields=["organization", "stem"], name="eventwait_by_stem"),
        ),
        migrations.AddConstraint(
            model_name="eventwait",
            constraint=models.UniqueConstraint(
                fields=("execution", "node_key", "iteration", "attempt"), name="eventwait_once_per_attempt"
            ),
        ),
        migrations.AddConstraint(
            model_name="stepsignal",
            constraint=models.UniqueConstraint(
                fields=("execution", "node_key", "iteration", "attempt"), name="stepsignal_once_per_attempt"
            ),
        ),
    ]
