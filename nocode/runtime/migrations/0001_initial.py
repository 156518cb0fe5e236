
import django.db.models.deletion
import nocode.foundation.ids
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('studio', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Deployment',
            fields=[
                ('id', models.UUIDField(default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('building', 'Building'), ('deployed', 'Deployed'), ('failed', 'Failed'), ('superseded', 'Superseded')], default='pending', max_length=10, verbose_name='status')),
                ('snapshot', models.JSONField(editable=False, null=True, verbose_name='snapshot')),
                ('checksum', models.CharField(blank=True, editable=False, max_length=64, verbose_name='checksum')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('error', models.TextField(blank=True, verbose_name='error')),
                ('problems', models.JSONField(default=list, editable=False, verbose_name='problems')),
                ('started_at', models.DateTimeField(null=True, verbose_name='started')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author')),
            ],
            options={
                'verbose_name': 'deployment',
                'verbose_name_plural': 'deployments',
                'ordering': ['app', '-number'],
            },
        ),
        migrations.CreateModel(
            name='DeploymentLog',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='time')),
                ('level', models.CharField(choices=[('info', 'Info'), ('warning', 'Warning'), ('error', 'Error')], default='info', max_length=7, verbose_name='level')),
                ('step', models.CharField(choices=[('start', 'Start'), ('snapshot', 'Snapshot'), ('check', 'Check'), ('online', 'Go online'), ('end', 'End'), ('roll_back', 'Roll back')], max_length=10, verbose_name='step')),
                ('message', models.TextField(verbose_name='message')),
                ('deployment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='logs', to='runtime.deployment', verbose_name='deployment')),
            ],
            options={
                'verbose_name': 'deployment log line',
                'verbose_name_plural': 'deployment log lines',
                'ordering': ['deployment', 'id'],
            },
        ),
        migrations.CreateModel(
            name='GeneratedApp',
            fields=[
                ('id', models.UUIDField(default=nocode.foundation.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated')),
                ('name', models.CharField(max_length=150, verbose_name='name')),
                ('slug', models.SlugField(help_text='People open it at /apps/…/; a new address makes the links they kept useless.', max_length=60, unique=True, verbose_name='address')),
                ('description', models.TextField(blank=True, verbose_name='description')),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('building', 'Building'), ('deployed', 'Deployed'), ('failed', 'Failed'), ('archived', 'Archived')], default='draft', editable=False, max_length=10, verbose_name='status')),
                ('minimum_role', models.CharField(choices=[('viewer', 'Every member'), ('editor', 'Editors and above'), ('admin', 'Administrators and owners'), ('owner', 'Owners only')], default='viewer', help_text='Viewers read, editors also add and change rows, administrators and owners also delete them.', max_length=10, verbose_name='who may open it')),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author')),
                ('current_deployment', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='runtime.deployment', verbose_name='online')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='apps', to='studio.project', verbose_name='project')),
            ],
            options={
                'verbose_name': 'application',
                'verbose_name_plural': 'applications',
                'ordering': ['name'],
            },
        ),
        migrations.AddField(
            model_name='deployment',
            name='app',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deployments', to='runtime.generatedapp', verbose_name='application'),
        ),
        migrations.CreateModel(
            name='HistoricalGeneratedApp',
            fields=[
                ('id', models.UUIDField(db_index=True, default=nocode.foundation.ids.uuid7, editable=False)),
                ('created_at', models.DateTimeField(blank=True, editable=False, verbose_name='created')),
                ('updated_at', models.DateTimeField(blank=True, editable=False, verbose_name='updated')),
                ('name', models.CharField(max_length=150, verbose_name='name')),
                ('slug', models.SlugField(help_text='People open it at /apps/…/; a new address makes the links they kept useless.', max_length=60, verbose_name='address')),
                ('description', models.TextField(blank=True, verbose_name='description')),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('building', 'Building'), ('deployed', 'Deployed'), ('failed', 'Failed'), ('archived', 'Archived')], default='draft', editable=False, max_length=10, verbose_name='status')),
                ('minimum_role', models.CharField(choices=[('viewer', 'Every member'), ('editor', 'Editors and above'), ('admin', 'Administrators and owners'), ('owner', 'Owners only')], default='viewer', help_text='Viewers read, editors also add and change rows, administrators and owners also delete them.', max_length=10, verbose_name='who may open it')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('created_by', models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author')),
                ('current_deployment', models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='runtime.deployment', verbose_name='online')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='studio.project', verbose_name='project')),
            ],
            options={
                'verbose_name': 'historical application',
                'verbose_name_plural': 'historical applications',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddConstraint(
            model_name='deployment',
            constraint=models.UniqueConstraint(fields=('app', 'number'), name='deployment_number_once_per_app'),
        ),
        migrations.AddConstraint(
            model_name='deployment',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['pending', 'building'])), fields=('app',), name='deployment_one_at_a_time_per_app'),
        ),
    ]
