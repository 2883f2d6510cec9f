"""What founders call a row: no table changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_team")]

    operations = [migrations.AlterModelOptions(name="account", options={"verbose_name": "shop"})]
