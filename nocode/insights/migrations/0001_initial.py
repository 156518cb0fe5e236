import django.db.models.deletion
import django.utils.timezone
import nocode.foundation.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('foundation', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyMetric',
            fields=[
                ('id', models.UUIDField(default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated')),
                ('day', models.DateField(verbose_name='day')),
                ('logins', models.PositiveIntegerField(db_default=0, verbose_name='logins')),
                ('active_users', models.PositiveIntegerField(db_default=0, verbose_name='active people')),
                ('executions', models.PositiveIntegerField(db_default=0, verbose_name='executions')),
                ('completed', models.PositiveIntegerField(db_default=0, verbose_name='completed')),
                ('failed', models.PositiveIntegerField(db_default=0, verbose_name='failed')),
                ('duration_p50', models.PositiveBigIntegerField(null=True, verbose_name='duration p50')),
                ('duration_p95', models.PositiveBigIntegerField(null=True, verbose_name='duration p95')),
                ('durations', models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict, verbose_name='durations')),
                ('records', models.PositiveIntegerField(db_default=0, verbose_name='rows written')),
                ('deployments', models.PositiveIntegerField(db_default=0, verbose_name='deployments')),
                ('is_final', models.BooleanField(db_default=False, verbose_name='final')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='foundation.organization', verbose_name='organization')),
            ],
            options={
                'verbose_name': 'daily figures',
                'verbose_name_plural': 'daily figures',
                'ordering': ['-day', 'organization'],
                'indexes': [models.Index(fields=['-day', 'organization'], name='metric_newest')],
                'constraints': [models.UniqueConstraint(fields=('organization', 'day'), name='metric_once_per_day')],
            },
        ),
        migrations.CreateModel(
            name='UserActivity',
            fields=[
                ('id', models.UUIDField(default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('user_label', models.CharField(blank=True, max_length=254, verbose_name='person')),
                ('action', models.CharField(max_length=60, verbose_name='action')),
                ('target_type', models.CharField(blank=True, max_length=60, verbose_name='kind of object')),
                ('target_id', models.CharField(blank=True, max_length=60)),
                ('target_label', models.CharField(blank=True, max_length=250, verbose_name='object')),
                ('details', models.JSONField(default=dict, verbose_name='details')),
                ('ip', models.GenericIPAddressField(null=True, verbose_name='IP address')),
                ('user_agent', models.CharField(blank=True, max_length=300, verbose_name='browser')),
                ('request_id', models.CharField(blank=True, max_length=36, verbose_name='request')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='time')),
                ('organization', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='foundation.organization', verbose_name='organization')),
                ('user', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'activity',
                'verbose_name_plural': 'activities',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['organization', '-id'], name='activity_newest'), models.Index(fields=['organization', 'action', '-id'], name='activity_by_action'), models.Index(fields=['user', '-id'], name='activity_by_user')],
            },
        ),
        migrations.CreateModel(
            name='WorkflowMetric',
            fields=[
                ('id', models.UUIDField(default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated')),
                ('day', models.DateField(verbose_name='day')),
                ('workflow_id', models.UUIDField(verbose_name='workflow')),
                ('workflow_name', models.CharField(max_length=150, verbose_name='workflow')),
                ('executions', models.PositiveIntegerField(db_default=0, verbose_name='executions')),
                ('completed', models.PositiveIntegerField(db_default=0, verbose_name='completed')),
                ('failed', models.PositiveIntegerField(db_default=0, verbose_name='failed')),
                ('measured', models.PositiveIntegerField(db_default=0, verbose_name='executions that ran to an end')),
                ('total_duration', models.PositiveBigIntegerField(db_default=0, verbose_name='total duration')),
                ('longest_duration', models.PositiveBigIntegerField(db_default=0, verbose_name='longest duration')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='foundation.organization', verbose_name='organization')),
            ],
            options={
                'verbose_name': 'daily figures of a workflow',
                'verbose_name_plural': 'daily figures of workflows',
                'ordering': ['-day', 'organization', 'workflow_name'],
                'indexes': [models.Index(fields=['-day', 'organization'], name='workflow_metric_newest')],
                'constraints': [models.UniqueConstraint(fields=('organization', 'day', 'workflow_id'), name='workflow_metric_once_per_day')],
            },
        ),
    ]
