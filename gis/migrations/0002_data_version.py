"""Versions of the areas and the base map, moved by statement triggers."""

from django.db import migrations, models

FORWARD = """
CREATE SEQUENCE citygis_dataversion_number;
CREATE FUNCTION citygis_move_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO citygis_dataversion AS held (topic, number)
    VALUES (TG_ARGV[0], nextval('citygis_dataversion_number'))
    ON CONFLICT (topic) DO UPDATE SET number = nextval('citygis_dataversion_number');
    RETURN NULL;
END $$;
CREATE TRIGGER citygis_area_version
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON citygis_area
    FOR EACH STATEMENT EXECUTE FUNCTION citygis_move_version('AREAS');
CREATE TRIGGER citygis_basefeature_version
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON citygis_basefeature
    FOR EACH STATEMENT EXECUTE FUNCTION citygis_move_version('BASE');
"""
BACKWARD = """
DROP TRIGGER citygis_basefeature_version ON citygis_basefeature;
DROP TRIGGER citygis_area_version ON citygis_area;
DROP FUNCTION citygis_move_version();
DROP SEQUENCE citygis_dataversion_number;
"""


class Migration(migrations.Migration):
    dependencies = [("citygis", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="DataVersion",
            fields=[
                (
                    "topic",
                    models.CharField(
                        choices=[("AREAS", "区划与网格"), ("BASE", "底图")],
                        max_length=10,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("topic__in", ["AREAS", "BASE"])),
                        name="citygis_dataversion_topic_is_known",
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
