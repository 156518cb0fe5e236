from django.db import migrations, models

KIND = models.CharField(
    choices=[
        ("manual", "Manual"),
        ("webhook", "Webhook"),
        ("schedule", "Schedule"),
        ("record", "Row"),
        ("event", "Event"),
        ("form", "Form"),
    ],
    max_length=10,
    verbose_name="type",
)


class Migration(migrations.Migration):
    dependencies = [("automation", "0010_event_triggers")]

    operations = [
        migrations.AlterField(model_name=model, name="kind", field=KIND) for model in ("historicaltrigger", "trigger")
    ]
