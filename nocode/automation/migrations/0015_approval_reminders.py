from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0014_keep_failed_longer"),
    ]

    operations = [
        migrations.AddField(
            model_name="approval",
            name="reminders",
            field=models.PositiveIntegerField(default=0, verbose_name="reminders"),
        ),
    ]
