"""A published duty list can be withdrawn before its day, once and for ever."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

BEFORE_ITS_DAY = """
CREATE FUNCTION dispatch_dutywithdrawal_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  found dispatch_dutylist;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    RAISE EXCEPTION 'dispatch_dutywithdrawal_is_never_changed'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'dispatch_dutywithdrawal_is_never_changed';
  END IF;
  SELECT * INTO found FROM dispatch_dutylist WHERE id = NEW.duty_list_id FOR SHARE;
  IF found.state <> 'PUBLISHED'
     OR found.valid_from <= (NEW.at AT TIME ZONE 'Asia/Shanghai')::date THEN
    RAISE EXCEPTION 'dispatch_dutywithdrawal_comes_before_the_day: v%', found.number
      USING ERRCODE = 'check_violation',
            CONSTRAINT = 'dispatch_dutywithdrawal_comes_before_the_day';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER dispatch_dutywithdrawal_is_kept
  BEFORE INSERT OR UPDATE OR DELETE ON dispatch_dutywithdrawal
  FOR EACH ROW EXECUTE FUNCTION dispatch_dutywithdrawal_is_kept();
"""
CHANGES = """
DROP TRIGGER dispatch_dutywithdrawal_is_kept ON dispatch_dutywithdrawal;
DROP FUNCTION dispatch_dutywithdrawal_is_kept();
"""


class Migration(migrations.Migration):
    """Who took a list back, when and why."""

    dependencies = [
        ("dispatch", "0015_absences_end_with_a_reason"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations: list[migrations.operations.base.Operation] = [
        migrations.CreateModel(
            name="DutyWithdrawal",
            fields=[
                ("id", models.BigAutoField(
                    auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(max_length=200)),
                ("by", models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="+",
                    to=settings.AUTH_USER_MODEL)),
                ("duty_list", models.OneToOneField(
                    on_delete=django.db.models.deletion.PROTECT, related_name="withdrawal",
                    to="dispatch.dutylist")),
            ],
            options={"constraints": [models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="dispatch_dutywithdrawal_says_why")]},
        ),
        migrations.RunSQL(BEFORE_ITS_DAY, CHANGES),
    ]  # fmt: skip
