"""A deputy may stand in for one post of an absent person, and another for another."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.db import migrations, models

LENT = """
CREATE OR REPLACE FUNCTION accounts_joins_powers(person bigint) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
  SELECT count(DISTINCT power) > 1 FROM accounts_post p
  WHERE p.ended_at IS NULL AND (p.user_id = person OR EXISTS (
    SELECT FROM accounts_deputy d
    WHERE d.deputy_id = person AND d.absent_id = p.user_id AND coalesce(d.post_id, p.id) = p.id
      AND d.cancelled_at IS NULL AND d.ends_at > now()))
$$;
CREATE FUNCTION accounts_deputy_lends_her_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.post_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM accounts_post WHERE id = NEW.post_id AND user_id = NEW.absent_id) THEN
    RAISE EXCEPTION 'accounts_deputy_lends_a_post_of_the_absent: post %', NEW.post_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_deputy_lends_a_post_of_the_absent';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER accounts_deputy_lends_a_post_of_the_absent BEFORE INSERT OR UPDATE
  ON accounts_deputy FOR EACH ROW EXECUTE FUNCTION accounts_deputy_lends_her_own();
"""
ALL_OF_THEM = """
DROP TRIGGER accounts_deputy_lends_a_post_of_the_absent ON accounts_deputy;
DROP FUNCTION accounts_deputy_lends_her_own();
CREATE OR REPLACE FUNCTION accounts_joins_powers(person bigint) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
  SELECT count(DISTINCT power) > 1 FROM accounts_post
  WHERE ended_at IS NULL AND (user_id = person OR user_id IN (
    SELECT absent_id FROM accounts_deputy
    WHERE deputy_id = person AND cancelled_at IS NULL AND ends_at > now()))
$$;
"""


class Migration(migrations.Migration):
    """The post that is lent; none means all, as it was."""

    dependencies = [("accounts", "0007_deputies_end_with_a_reason")]
    operations: list[migrations.operations.base.Operation] = [
        migrations.AddField("deputy", "post", models.ForeignKey(
            blank=True, null=True, on_delete=django.db.models.deletion.PROTECT,
            related_name="lent", to="accounts.post")),
        migrations.RemoveConstraint("deputy", "accounts_deputy_one_at_a_time"),
        migrations.AddConstraint(
            "deputy", django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("cancelled_at__isnull", True)),
                expressions=[
                    ("absent", "="),
                    (models.Func("starts_at", "ends_at", function="TSTZRANGE"), "&&"),
                    (models.Func("post", "post", models.Value("[]"), function="INT8RANGE"), "&&"),
                ],
                name="accounts_deputy_one_at_a_time")),
        migrations.RunSQL(LENT, ALL_OF_THEM),
    ]  # fmt: skip
