"""The name of a place as it is searched."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("citygis", "0003_place_search")]

    operations = [
        migrations.RemoveIndex(model_name="place", name="citygis_place_name"),
        migrations.AddField(
            model_name="place",
            name="folded",
            field=models.CharField(default="", editable=False, max_length=120),
        ),
        migrations.RunSQL(
            r"UPDATE citygis_place SET folded = lower(regexp_replace(name, '\s', '', 'g'))",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name="place",
            index=models.Index(
                fields=["folded"], name="citygis_place_folded", opclasses=["text_pattern_ops"]
            ),
        ),
    ]
