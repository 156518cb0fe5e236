import datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("automation", "0012_labels_and_jobs")]

    operations = [
        migrations.AddField(
            model_name="workflowexecution",
            name="idle",
            field=models.DurationField(db_default=datetime.timedelta(0), default=datetime.timedelta, editable=False),
        ),
    ]
