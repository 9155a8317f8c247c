from django.db import migrations, models

KINDS = ("answer", "reject", "redirect", "transfer", "hang-up", "create", "invite")


class Migration(migrations.Migration):
    dependencies = [("calls", "0004_call_writes")]

    operations = [
        migrations.AlterField(
            "operation",
            "kind",
            models.CharField(max_length=12, choices=[(kind, kind.replace("-", " ").title()) for kind in KINDS]),
        ),
        migrations.AddField("operation", "graph_id", models.CharField(max_length=64, blank=True, default="")),
    ]
