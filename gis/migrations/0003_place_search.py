"""Pairs of characters for search, and distances in metres for the nearest place."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("citygis", "0002_data_version")]

    operations = [
        migrations.AddField(
            model_name="place",
            name="grams",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=2), default=list, editable=False, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="place",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["grams"], name="citygis_place_grams"
            ),
        ),
        migrations.RunSQL(
            "CREATE INDEX citygis_place_metres ON citygis_place USING gist ((location::geography))",
            "DROP INDEX citygis_place_metres",
        ),
    ]
