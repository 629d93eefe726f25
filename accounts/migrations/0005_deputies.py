"""Deputies of absent people."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

POWERS_APART = """
CREATE FUNCTION accounts_joins_powers(person bigint) RETURNS boolean LANGUAGE sql VOLATILE AS $$
  SELECT count(DISTINCT power) > 1 FROM accounts_post
  WHERE ended_at IS NULL AND (user_id = person OR user_id IN (
    SELECT absent_id FROM accounts_deputy
    WHERE deputy_id = person AND cancelled_at IS NULL AND ends_at > now()))
$$;
CREATE FUNCTION accounts_deputy_keeps_powers_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(1347376978);
  IF NEW.cancelled_at IS NULL AND accounts_joins_powers(NEW.deputy_id) THEN
    RAISE EXCEPTION 'accounts_deputy_powers_are_kept_apart: user %', NEW.deputy_id
      USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'accounts_deputy_powers_are_kept_apart';
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION accounts_post_keeps_powers_of_deputies_apart() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(1347376978);
  IF NEW.ended_at IS NULL AND (
    accounts_joins_powers(NEW.user_id) OR EXISTS (
      SELECT FROM accounts_deputy WHERE absent_id = NEW.user_id AND cancelled_at IS NULL
      AND ends_at > now() AND accounts_joins_powers(deputy_id))) THEN
    RAISE EXCEPTION 'accounts_deputy_powers_are_kept_apart: post of user %', NEW.user_id
      USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'accounts_deputy_powers_are_kept_apart';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER accounts_deputy_powers_are_kept_apart AFTER INSERT OR UPDATE ON accounts_deputy
  FOR EACH ROW EXECUTE FUNCTION accounts_deputy_keeps_powers_apart();
CREATE TRIGGER accounts_post_powers_of_deputies_are_kept_apart
  AFTER INSERT OR UPDATE ON accounts_post
  FOR EACH ROW EXECUTE FUNCTION accounts_post_keeps_powers_of_deputies_apart();
"""
AWAY = """
DROP TRIGGER accounts_post_powers_of_deputies_are_kept_apart ON accounts_post;
DROP TRIGGER accounts_deputy_powers_are_kept_apart ON accounts_deputy;
DROP FUNCTION accounts_post_keeps_powers_of_deputies_apart();
DROP FUNCTION accounts_deputy_keeps_powers_apart();
DROP FUNCTION accounts_joins_powers(bigint);
"""


class Migration(migrations.Migration):
    """Deputies of absent people."""

    dependencies = [("accounts", "0004_post_has_an_area")]
    operations = [
        migrations.CreateModel(
            name="Deputy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField()),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "absent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="absences",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "cancelled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deputy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deputyships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("absent", models.F("deputy")), _negated=True),
                        name="accounts_deputy_is_somebody_else",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("by", models.F("deputy")), _negated=True),
                        name="accounts_deputy_is_arranged_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="accounts_deputy_ends_after_its_start",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("cancelled_at__isnull", True)),
                        expressions=[
                            ("absent", "="),
                            (models.Func("starts_at", "ends_at", function="TSTZRANGE"), "&&"),
                        ],
                        name="accounts_deputy_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.RunSQL(POWERS_APART, AWAY),
    ]
