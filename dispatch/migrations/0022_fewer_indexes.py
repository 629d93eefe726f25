"""Indexes that no query uses are gone; an event stands among the numbers once it has one."""

from django.contrib.gis.db.models import PointField
from django.db import migrations, models
from django.db.models.deletion import PROTECT

UNUSED = {
    "dispatch_intake_location_bf1e05e7_id": "dispatch_intake USING gist (location)",
    "dispatch_intake_intake_no_9f53ee02_like": "dispatch_intake (intake_no varchar_pattern_ops)",
    "dispatch_case_case_no_4b52ed3e_like": "dispatch_case (case_no varchar_pattern_ops)",
    "dispatch_case_merged_into_id_f5255fba": "dispatch_case (merged_into_id)",
}
"""The names that Django gave them, and what it takes to have them again."""
STILL_UNIQUE = (("case", "case_no", 24), ("intake", "intake_no", 20))


class Migration(migrations.Migration):
    """Indexes that no query uses are gone; an event stands among the numbers once it has one."""

    atomic = False
    dependencies = [("dispatch", "0021_answers_sampled")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "intake",
                    "location",
                    PointField(srid=4326, null=True, blank=True, spatial_index=False),
                ),
                *(
                    migrations.AlterField(model, field, models.CharField(max_length=length))
                    for model, field, length in STILL_UNIQUE
                ),
                *(
                    migrations.AddConstraint(
                        model,
                        models.UniqueConstraint(
                            fields=[field], name=f"dispatch_{model}_{field}_key"
                        ),
                    )
                    for model, field, _ in STILL_UNIQUE
                ),
                migrations.AlterField(
                    "case",
                    "merged_into",
                    models.ForeignKey(
                        "dispatch.case", on_delete=PROTECT, null=True, blank=True, db_index=False
                    ),
                ),
                migrations.AddIndex(
                    "case",
                    models.Index(
                        fields=["merged_into"],
                        condition=models.Q(merged_into__isnull=False),
                        name="dispatch_case_of_primary",
                    ),
                ),
                migrations.RemoveConstraint("event", "dispatch_event_seq_is_used_once"),
                migrations.AddConstraint(
                    "event",
                    models.UniqueConstraint(
                        fields=["district", "seq"],
                        condition=models.Q(seq__isnull=False),
                        name="dispatch_event_number_is_used_once",
                    ),
                ),
            ],
            database_operations=[
                migrations.RunSQL(
                    "CREATE UNIQUE INDEX CONCURRENTLY dispatch_event_number_is_used_once"
                    " ON dispatch_event (district, seq) WHERE seq IS NOT NULL",
                    "DROP INDEX CONCURRENTLY dispatch_event_number_is_used_once",
                ),
                migrations.RunSQL(
                    "ALTER TABLE dispatch_event DROP CONSTRAINT dispatch_event_seq_is_used_once",
                    "ALTER TABLE dispatch_event ADD CONSTRAINT dispatch_event_seq_is_used_once"
                    " UNIQUE (district, seq)",
                ),
                migrations.RunSQL(
                    "CREATE INDEX CONCURRENTLY dispatch_case_of_primary"
                    " ON dispatch_case (merged_into_id) WHERE merged_into_id IS NOT NULL",
                    "DROP INDEX CONCURRENTLY dispatch_case_of_primary",
                ),
                *(
                    migrations.RunSQL(
                        f"DROP INDEX CONCURRENTLY {name}",
                        f"CREATE INDEX CONCURRENTLY {name} ON {columns}",
                    )
                    for name, columns in UNUSED.items()
                ),
            ],
        ),
    ]
