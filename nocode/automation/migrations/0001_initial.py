import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import nocode.automation.models.trigger
import nocode.foundation.ids
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("foundation", "0001_initial"),
        ("studio", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Integration",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("type", models.CharField(editable=False, max_length=60, verbose_name="type")),
                ("settings", models.JSONField(blank=True, default=dict, verbose_name="settings")),
                ("secrets", models.TextField(blank=True, editable=False, verbose_name="secrets")),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Steps that use an integration which is switched off fail.",
                        verbose_name="active",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="integrations",
                        to="foundation.organization",
                        verbose_name="organization",
                    ),
                ),
            ],
            options={
                "verbose_name": "integration",
                "verbose_name_plural": "integrations",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="IntegrationCall",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("integration_id", models.UUIDField(verbose_name="integration")),
                ("at", models.DateTimeField(verbose_name="time")),
                ("milliseconds", models.PositiveIntegerField(verbose_name="duration (ms)")),
                ("error", models.TextField(blank=True, verbose_name="error")),
            ],
            options={
                "verbose_name": "call of an integration",
                "verbose_name_plural": "calls of integrations",
            },
        ),
        migrations.CreateModel(
            name="Trigger",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                (
                    "kind",
                    models.CharField(
                        choices=[("manual", "Manual"), ("webhook", "Webhook"), ("schedule", "Schedule")],
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "entry",
                    models.SlugField(
                        blank=True,
                        help_text="The key of the first step; empty: every step without a predecessor.",
                        max_length=60,
                        verbose_name="starts at",
                    ),
                ),
                ("config", models.JSONField(blank=True, default=dict, verbose_name="settings")),
                (
                    "token",
                    models.CharField(
                        default=nocode.automation.models.trigger.new_token,
                        editable=False,
                        max_length=64,
                        unique=True,
                        verbose_name="token",
                    ),
                ),
                ("secret", models.TextField(blank=True, editable=False, verbose_name="secret")),
                ("next_run_at", models.DateTimeField(editable=False, null=True, verbose_name="next run")),
                ("last_run_at", models.DateTimeField(editable=False, null=True, verbose_name="last run")),
                ("last_error", models.TextField(blank=True, editable=False, verbose_name="last problem")),
                ("calls_paid_until", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "verbose_name": "trigger",
                "verbose_name_plural": "triggers",
                "ordering": ["workflow", "created_at"],
            },
        ),
        migrations.CreateModel(
            name="HistoricalIntegration",
            fields=[
                ("id", models.UUIDField(db_index=True, default=nocode.foundation.ids.uuid7, editable=False)),
                ("created_at", models.DateTimeField(blank=True, editable=False, verbose_name="created")),
                ("updated_at", models.DateTimeField(blank=True, editable=False, verbose_name="updated")),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("type", models.CharField(editable=False, max_length=60, verbose_name="type")),
                ("settings", models.JSONField(blank=True, default=dict, verbose_name="settings")),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Steps that use an integration which is switched off fail.",
                        verbose_name="active",
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="foundation.organization",
                        verbose_name="organization",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical integration",
                "verbose_name_plural": "historical integrations",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="IntegrationStats",
            fields=[
                (
                    "integration",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="stats",
                        serialize=False,
                        to="automation.integration",
                        verbose_name="integration",
                    ),
                ),
                ("calls", models.PositiveBigIntegerField(default=0, verbose_name="calls")),
                ("failures", models.PositiveBigIntegerField(default=0, verbose_name="failures")),
                (
                    "durations",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(),
                        default=list,
                        size=None,
                        verbose_name="last durations (ms)",
                    ),
                ),
                (
                    "outcomes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BooleanField(), default=list, size=None, verbose_name="last outcomes"
                    ),
                ),
                ("last_used_at", models.DateTimeField(null=True, verbose_name="last used")),
                ("last_failed_at", models.DateTimeField(null=True, verbose_name="last failure")),
                ("last_error", models.TextField(blank=True, verbose_name="last error")),
                ("updated_at", models.DateTimeField(verbose_name="updated")),
            ],
            options={
                "verbose_name": "integration statistics",
                "verbose_name_plural": "integration statistics",
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("dedup_key", models.CharField(max_length=200, null=True, verbose_name="delivery id")),
                ("execution_id", models.UUIDField(verbose_name="execution")),
                ("method", models.CharField(max_length=8)),
                ("headers", models.JSONField(verbose_name="headers")),
                ("query", models.JSONField(verbose_name="query")),
                ("body", models.BinaryField(verbose_name="body")),
                (
                    "received_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="received"),
                ),
                ("error", models.TextField(blank=True, db_default="", verbose_name="why nothing started")),
                (
                    "trigger",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="automation.trigger",
                        verbose_name="trigger",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook delivery",
                "verbose_name_plural": "webhook deliveries",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Workflow",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("active", "Active"),
                            ("paused", "Paused"),
                            ("archived", "Archived"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("variables", models.JSONField(blank=True, default=dict, verbose_name="variables")),
                (
                    "timeout",
                    models.PositiveIntegerField(
                        default=3600,
                        help_text="An execution that works longer than this without a pause fails.",
                        verbose_name="time limit (seconds)",
                    ),
                ),
                (
                    "retention_days",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Finished executions are deleted after this time. Empty: as long as the installation says.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="keep executions (days)",
                    ),
                ),
                ("draft_changed_at", models.DateTimeField(editable=False, null=True, verbose_name="draft changed")),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="workflows",
                        to="foundation.organization",
                        verbose_name="organization",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        help_text="The project whose tables the record steps use.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="workflows",
                        to="studio.project",
                        verbose_name="project",
                    ),
                ),
            ],
            options={
                "verbose_name": "workflow",
                "verbose_name_plural": "workflows",
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="trigger",
            name="workflow",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="triggers",
                to="automation.workflow",
                verbose_name="workflow",
            ),
        ),
        migrations.CreateModel(
            name="NotificationRule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                (
                    "on",
                    models.CharField(
                        choices=[("failed", "Failed"), ("completed", "Completed"), ("cancelled", "Cancelled")],
                        max_length=10,
                        verbose_name="when",
                    ),
                ),
                ("in_console", models.BooleanField(default=True, verbose_name="in the console")),
                ("by_email", models.BooleanField(default=False, verbose_name="by e-mail")),
                ("webhook_url", models.TextField(blank=True, verbose_name="by calling an address")),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="foundation.organization",
                        verbose_name="organization",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification_rules",
                        to="automation.workflow",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "notification rule",
                "verbose_name_plural": "notification rules",
                "ordering": ["organization", "workflow", "on"],
            },
        ),
        migrations.CreateModel(
            name="Node",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                (
                    "key",
                    models.SlugField(
                        help_text="Other steps read this step's output as steps.<key>.",
                        max_length=60,
                        verbose_name="key",
                    ),
                ),
                ("kind", models.CharField(max_length=60, verbose_name="type")),
                ("label", models.CharField(max_length=150, verbose_name="name")),
                ("config", models.JSONField(blank=True, default=dict, verbose_name="settings")),
                (
                    "on_error",
                    models.CharField(
                        choices=[
                            ("stop", "Stop the execution"),
                            ("continue", "Go on with the error as the output"),
                            ("branch", "Follow the “error” branch"),
                        ],
                        default="stop",
                        max_length=10,
                        verbose_name="when it fails",
                    ),
                ),
                (
                    "max_retries",
                    models.PositiveSmallIntegerField(
                        default=3,
                        help_text="How often a passing failure is tried again, after 1, 2, 4, … minutes.",
                        verbose_name="retries",
                    ),
                ),
                ("x", models.IntegerField(default=0)),
                ("y", models.IntegerField(default=0)),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="nodes",
                        to="automation.workflow",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "node",
                "verbose_name_plural": "nodes",
                "ordering": ["workflow", "x", "y", "created_at"],
            },
        ),
        migrations.CreateModel(
            name="HistoricalTrigger",
            fields=[
                ("id", models.UUIDField(db_index=True, default=nocode.foundation.ids.uuid7, editable=False)),
                ("created_at", models.DateTimeField(blank=True, editable=False, verbose_name="created")),
                ("updated_at", models.DateTimeField(blank=True, editable=False, verbose_name="updated")),
                (
                    "kind",
                    models.CharField(
                        choices=[("manual", "Manual"), ("webhook", "Webhook"), ("schedule", "Schedule")],
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "entry",
                    models.SlugField(
                        blank=True,
                        help_text="The key of the first step; empty: every step without a predecessor.",
                        max_length=60,
                        verbose_name="starts at",
                    ),
                ),
                ("config", models.JSONField(blank=True, default=dict, verbose_name="settings")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="automation.workflow",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical trigger",
                "verbose_name_plural": "historical triggers",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Edge",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                ("port", models.CharField(default="main", max_length=60, verbose_name="output")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="edges_out",
                        to="automation.node",
                        verbose_name="from",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="edges_in",
                        to="automation.node",
                        verbose_name="to",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="edges",
                        to="automation.workflow",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "edge",
                "verbose_name_plural": "edges",
                "ordering": ["workflow", "created_at"],
            },
        ),
        migrations.CreateModel(
            name="WorkflowExecution",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                ("workflow_name", models.CharField(max_length=150, verbose_name="workflow")),
                ("trigger_kind", models.CharField(max_length=10, verbose_name="trigger")),
                ("entry", models.CharField(blank=True, max_length=60)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("running", "Running"),
                            ("waiting", "Waiting"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("input", models.JSONField(null=True, verbose_name="input")),
                ("output", models.JSONField(null=True, verbose_name="output")),
                ("response", models.JSONField(null=True, verbose_name="webhook response")),
                ("error_message", models.TextField(blank=True, verbose_name="error")),
                ("error_step", models.CharField(blank=True, max_length=60, verbose_name="failed step")),
                ("started_at", models.DateTimeField(null=True, verbose_name="started")),
                ("completed_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("wake_at", models.DateTimeField(null=True, verbose_name="wakes")),
                ("timeout", models.PositiveIntegerField(default=3600, verbose_name="time limit (seconds)")),
                ("deadline_at", models.DateTimeField(editable=False, null=True)),
                ("crashes", models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="lost workers")),
                ("lease_token", models.UUIDField(editable=False, null=True)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="executions",
                        to="foundation.organization",
                    ),
                ),
                (
                    "retry_of",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="retries",
                        to="automation.workflowexecution",
                        verbose_name="retry of",
                    ),
                ),
                (
                    "trigger",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="executions",
                        to="automation.trigger",
                        verbose_name="trigger",
                    ),
                ),
                (
                    "triggered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="started by",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="executions",
                        to="automation.workflow",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "execution",
                "verbose_name_plural": "executions",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="StepRun",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("node_key", models.CharField(max_length=60, verbose_name="step")),
                ("iteration", models.PositiveIntegerField(default=0, verbose_name="iteration")),
                ("attempt", models.PositiveSmallIntegerField(default=1, verbose_name="attempt")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("waiting", "Waiting"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("ports", models.JSONField(default=list, verbose_name="left through")),
                ("settings", models.JSONField(null=True, verbose_name="settings")),
                ("output", models.JSONField(null=True, verbose_name="output")),
                ("error", models.TextField(blank=True, verbose_name="error")),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("wake_at", models.DateTimeField(null=True, verbose_name="wakes")),
                (
                    "execution",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="automation.workflowexecution",
                        verbose_name="execution",
                    ),
                ),
            ],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "ordering": ["execution", "id"],
            },
        ),
        migrations.CreateModel(
            name="NotificationDelivery",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("event_id", models.UUIDField(verbose_name="event")),
                ("type", models.CharField(max_length=60, verbose_name="type")),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("console", "In the console"),
                            ("email", "By e-mail"),
                            ("webhook", "By calling an address"),
                        ],
                        max_length=10,
                        verbose_name="how",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "Pending"), ("delivered", "Delivered"), ("failed", "Failed")],
                        default="pending",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("error", models.TextField(blank=True, verbose_name="error")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="delivered")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="automation.notificationrule",
                        verbose_name="rule",
                    ),
                ),
                (
                    "execution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="automation.workflowexecution",
                        verbose_name="execution",
                    ),
                ),
            ],
            options={
                "verbose_name": "workflow notification",
                "verbose_name_plural": "workflow notifications",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ExecutionLog",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(verbose_name="time")),
                (
                    "level",
                    models.CharField(
                        choices=[("debug", "Debug"), ("info", "Info"), ("warning", "Warning"), ("error", "Error")],
                        default="info",
                        max_length=8,
                        verbose_name="level",
                    ),
                ),
                ("node_key", models.CharField(blank=True, max_length=60, verbose_name="step")),
                ("message", models.TextField(verbose_name="message")),
                ("details", models.JSONField(null=True, verbose_name="details")),
                (
                    "execution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="logs",
                        to="automation.workflowexecution",
                        verbose_name="execution",
                    ),
                ),
            ],
            options={
                "verbose_name": "log line",
                "verbose_name_plural": "log lines",
                "ordering": ["execution", "id"],
            },
        ),
        migrations.CreateModel(
            name="ExecutionExport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                ("content", models.BinaryField(null=True, verbose_name="file")),
                ("size", models.PositiveBigIntegerField(default=0, verbose_name="size (bytes)")),
                ("made_at", models.DateTimeField(null=True, verbose_name="made")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("error", models.TextField(blank=True, verbose_name="error")),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
                (
                    "execution",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="export",
                        to="automation.workflowexecution",
                        verbose_name="execution",
                    ),
                ),
            ],
            options={
                "verbose_name": "export of an execution",
                "verbose_name_plural": "exports of executions",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="WorkflowVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                ("number", models.PositiveIntegerField(verbose_name="version")),
                ("graph", models.JSONField(verbose_name="graph")),
                ("checksum", models.CharField(max_length=64, verbose_name="checksum")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="foundation.organization"
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="versions",
                        to="automation.workflow",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "workflow version",
                "verbose_name_plural": "workflow versions",
                "ordering": ["workflow", "-number"],
            },
        ),
        migrations.AddField(
            model_name="workflowexecution",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="executions",
                to="automation.workflowversion",
                verbose_name="version",
            ),
        ),
        migrations.AddField(
            model_name="workflow",
            name="published_version",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="automation.workflowversion",
                verbose_name="published version",
            ),
        ),
        migrations.CreateModel(
            name="HistoricalWorkflow",
            fields=[
                ("id", models.UUIDField(db_index=True, default=nocode.foundation.ids.uuid7, editable=False)),
                ("created_at", models.DateTimeField(blank=True, editable=False, verbose_name="created")),
                ("updated_at", models.DateTimeField(blank=True, editable=False, verbose_name="updated")),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("active", "Active"),
                            ("paused", "Paused"),
                            ("archived", "Archived"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("variables", models.JSONField(blank=True, default=dict, verbose_name="variables")),
                (
                    "timeout",
                    models.PositiveIntegerField(
                        default=3600,
                        help_text="An execution that works longer than this without a pause fails.",
                        verbose_name="time limit (seconds)",
                    ),
                ),
                (
                    "retention_days",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Finished executions are deleted after this time. Empty: as long as the installation says.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="keep executions (days)",
                    ),
                ),
                ("draft_changed_at", models.DateTimeField(editable=False, null=True, verbose_name="draft changed")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="foundation.organization",
                        verbose_name="organization",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="The project whose tables the record steps use.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.project",
                        verbose_name="project",
                    ),
                ),
                (
                    "published_version",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="automation.workflowversion",
                        verbose_name="published version",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical workflow",
                "verbose_name_plural": "historical workflows",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddConstraint(
            model_name="integration",
            constraint=models.UniqueConstraint(
                fields=("organization", "name"),
                name="integration_name_once_per_organization",
                violation_error_message="Another integration of this organization has this name.",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["received_at"], name="delivery_received", pages_per_range=16
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(fields=("trigger", "dedup_key"), name="delivery_once_per_trigger"),
        ),
        migrations.AddIndex(
            model_name="trigger",
            index=models.Index(
                condition=models.Q(("is_active", True), ("kind", "schedule")),
                fields=["next_run_at"],
                name="trigger_due",
            ),
        ),
        migrations.AddIndex(
            model_name="notificationrule",
            index=models.Index(fields=["organization", "on"], name="rule_by_end"),
        ),
        migrations.AddConstraint(
            model_name="notificationrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("workflow__isnull", False)),
                fields=("user", "workflow", "on"),
                name="rule_once_per_workflow",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("workflow", None)),
                fields=("user", "organization", "on"),
                name="rule_once_in_general",
            ),
        ),
        migrations.AddConstraint(
            model_name="node",
            constraint=models.UniqueConstraint(fields=("workflow", "key"), name="node_key_once_per_workflow"),
        ),
        migrations.AddConstraint(
            model_name="edge",
            constraint=models.UniqueConstraint(fields=("source", "port", "target"), name="edge_once"),
        ),
        migrations.AddConstraint(
            model_name="edge",
            constraint=models.CheckConstraint(
                condition=models.Q(("source", models.F("target")), _negated=True), name="edge_joins_two_nodes"
            ),
        ),
        migrations.AddConstraint(
            model_name="steprun",
            constraint=models.UniqueConstraint(
                fields=("execution", "node_key", "iteration", "attempt"), name="steprun_once_per_attempt"
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationdelivery",
            constraint=models.UniqueConstraint(fields=("event_id", "user", "channel"), name="notification_told_once"),
        ),
        migrations.AddConstraint(
            model_name="workflowversion",
            constraint=models.UniqueConstraint(fields=("workflow", "number"), name="version_number_once_per_workflow"),
        ),
        migrations.AddIndex(
            model_name="workflowexecution",
            index=models.Index(fields=["organization", "-id"], name="execution_newest"),
        ),
        migrations.AddIndex(
            model_name="workflowexecution",
            index=models.Index(fields=["workflow", "-id"], name="execution_by_workflow"),
        ),
        migrations.AddIndex(
            model_name="workflowexecution",
            index=models.Index(
                condition=models.Q(("status__in", ["pending", "running", "waiting"])),
                fields=["status", "updated_at"],
                name="execution_unfinished",
            ),
        ),
        migrations.AddIndex(
            model_name="workflowexecution",
            index=models.Index(
                condition=models.Q(("completed_at__isnull", False)),
                fields=["workflow", "completed_at"],
                name="execution_finished",
            ),
        ),
        migrations.AddConstraint(
            model_name="workflow",
            constraint=models.CheckConstraint(
                condition=models.Q(("retention_days__gte", 1)), name="workflow_keeps_executions_a_day"
            ),
        ),
    ]
