from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("automation", "0015_approval_reminders")]

    operations = [
        migrations.AddField(
            model_name="node",
            name="pinned",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="Stands for the output of the step where steps of the draft are tried.",
                null=True,
                verbose_name="pinned output",
            ),
        ),
    ]
