from django.db import migrations, models

import directory.models


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0003_presence"),
    ]

    operations = [
        migrations.CreateModel(
            name="Edition",
            fields=[
                ("tenant_id", models.CharField(max_length=36, primary_key=True, serialize=False)),
                ("stamp", models.UUIDField()),
            ],
        ),
        migrations.AddField(
            model_name="person",
            name="skills",
            field=models.JSONField(blank=True, default=list, validators=[directory.models.validate_skills]),
        ),
    ]
