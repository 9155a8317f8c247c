from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("calls", "0003_timer_gone")]

    operations = [migrations.AddField("call", "writes", models.PositiveIntegerField(default=0))]
