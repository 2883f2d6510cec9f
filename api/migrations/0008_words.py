"""What founders call a row: no table changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("api", "0007_audit")]

    operations = [
        migrations.AlterModelOptions(name="message", options={"verbose_name": "mail"}),
        migrations.AlterModelOptions(name="mailevent", options={"verbose_name": "SendGrid event"}),
    ]
