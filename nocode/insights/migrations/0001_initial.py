
import django.db.models.deletion
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
                ('logins', models.PositiveIntegerField(default=0, verbose_name='logins')),
                ('active_users', models.PositiveIntegerField(default=0, verbose_name='active people')),
                ('executions', models.PositiveIntegerField(default=0, verbose_name='executions')),
                ('completed', models.PositiveIntegerField(default=0, verbose_name='completed')),
                ('failed', models.PositiveIntegerField(default=0, verbose_name='failed')),
                ('duration_p50', models.PositiveIntegerField(null=True, verbose_name='duration p50')),
                ('duration_p95', models.PositiveIntegerField(null=True, verbose_name='duration p95')),
                ('records', models.PositiveIntegerField(default=0, verbose_name='rows written')),
                ('deployments', models.PositiveIntegerField(default=0, verbose_name='deployments')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='foundation.organization', verbose_name='organization')),
            ],
            options={
                'verbose_name': 'daily figures',
                'verbose_name_plural': 'daily figures',
                'ordering': ['organization', '-day'],
                'constraints': [models.UniqueConstraint(fields=('organization', 'day'), name='metric_once_per_day')],
            },
        ),
        migrations.CreateModel(
            name='UserActivity',
            fields=[
                ('id', models.UUIDField(default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated')),
                ('user_label', models.CharField(blank=True, max_length=254, verbose_name='person')),
                ('action', models.CharField(max_length=60, verbose_name='action')),
                ('target_type', models.CharField(blank=True, max_length=60, verbose_name='kind of object')),
                ('target_id', models.CharField(blank=True, max_length=60)),
                ('target_label', models.CharField(blank=True, max_length=250, verbose_name='object')),
                ('details', models.JSONField(default=dict, verbose_name='details')),
                ('ip', models.GenericIPAddressField(null=True, verbose_name='IP address')),
                ('user_agent', models.CharField(blank=True, max_length=300, verbose_name='browser')),
                ('request_id', models.CharField(blank=True, max_length=36, verbose_name='request')),
                ('organization', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='foundation.organization', verbose_name='organization')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'activity',
                'verbose_name_plural': 'activities',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['organization', '-id'], name='activity_newest'), models.Index(fields=['organization', 'action', '-id'], name='activity_by_action'), models.Index(fields=['user', '-id'], name='activity_by_user')],
            },
        ),
    ]
