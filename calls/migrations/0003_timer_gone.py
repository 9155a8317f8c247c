from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("calls", "0002_call_silent")]

    operations = [migrations.AddField("timer", "gone", models.BooleanField(default=False))]
