"""What founders call a row, and what its states mean: no table changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("api", "0008_operating")]

    operations = [
        migrations.AlterModelOptions(name="message", options={"verbose_name": "mail"}),
        migrations.AlterModelOptions(name="mailevent", options={"verbose_name": "SendGrid event"}),
        migrations.AlterField(
            "template",
            "status",
            models.CharField(
                max_length=10,
                default="draft",
                choices=[
                    ("draft", "only we see it; no gift can be made from it"),
                    ("published", "shops see it, and gifts are made from it"),
                    ("retired", "no new gifts; those that were made stay as they are"),
                ],
            ),
        ),
        migrations.AlterField(
            "template",
            "aspect_ratio",
            models.CharField(
                max_length=5,
                default="16:9",
                choices=[("16:9", "16:9, landscape"), ("9:16", "9:16, portrait"), ("1:1", "1:1, square")],
            ),
        ),
    ]
