from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("calls", "0001_initial")]

    operations = [migrations.AddField("call", "silent", models.BooleanField(default=False))]
