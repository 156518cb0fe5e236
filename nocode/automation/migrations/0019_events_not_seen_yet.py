import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("automation", "0018_integration_tokens")]

    operations = [
        migrations.AddField(
            model_name="eventwait",
            name="unseen",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, editable=False, size=None
            ),
        ),
    ]
