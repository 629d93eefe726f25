"""Duty lists in versions, absences of units, rules that file and dispatch by category."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

ONE_LIST = """
INSERT INTO dispatch_dutylist (number, title, state, valid_from, created_at, published_at)
SELECT 1, '权责清单', 'PUBLISHED', min(valid_from), now(), now()
FROM dispatch_dutyitem WHERE valid_to IS NULL HAVING count(*) > 0;
DELETE FROM dispatch_dutyitem WHERE valid_to IS NOT NULL;
UPDATE dispatch_dutyitem d SET item_no = left(d.item_no, 12) || '-' || d.id
FROM (SELECT id, row_number() OVER (PARTITION BY item_no ORDER BY id) AS nth
      FROM dispatch_dutyitem) twice
WHERE twice.id = d.id AND twice.nth > 1;
UPDATE dispatch_dutyitem SET duty_list_id = (SELECT id FROM dispatch_dutylist WHERE number = 1);
SET CONSTRAINTS ALL IMMEDIATE;
"""
STAYS = """
CREATE FUNCTION dispatch_dutylist_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'PUBLISHED' THEN
    RAISE EXCEPTION 'dispatch_dutylist_published_is_never_changed: v%', OLD.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'dispatch_dutylist_published_is_never_changed';
  END IF;
  RETURN COALESCE(NEW, OLD);
END $$;
CREATE FUNCTION dispatch_dutyitem_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old_list bigint := CASE WHEN TG_OP <> 'INSERT' THEN OLD.duty_list_id END;
  new_list bigint := CASE WHEN TG_OP <> 'DELETE' THEN NEW.duty_list_id END;
  found_state text;
BEGIN
  FOR found_state IN
    SELECT state FROM dispatch_dutylist WHERE id IN (old_list, new_list) FOR SHARE
  LOOP
    IF found_state = 'PUBLISHED' THEN
      RAISE EXCEPTION 'dispatch_dutyitem_published_is_never_changed'
        USING ERRCODE = 'check_violation',
              CONSTRAINT = 'dispatch_dutyitem_published_is_never_changed';
    END IF;
  END LOOP;
  RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER dispatch_dutylist_published_is_never_changed
  BEFORE UPDATE OR DELETE ON dispatch_dutylist
  FOR EACH ROW EXECUTE FUNCTION dispatch_dutylist_stays();
CREATE TRIGGER dispatch_dutyitem_published_is_never_changed
  BEFORE INSERT OR UPDATE OR DELETE ON dispatch_dutyitem
  FOR EACH ROW EXECUTE FUNCTION dispatch_dutyitem_stays();
"""
CHANGES = """
DROP TRIGGER dispatch_dutyitem_published_is_never_changed ON dispatch_dutyitem;
DROP TRIGGER dispatch_dutylist_published_is_never_changed ON dispatch_dutylist;
DROP FUNCTION dispatch_dutyitem_stays();
DROP FUNCTION dispatch_dutylist_stays();
"""
PK = (
    "id",
    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
)


def _key(to, **more):
    return models.ForeignKey(
        on_delete=more.pop("on_delete", django.db.models.deletion.PROTECT), to=to, **more
    )


USER = settings.AUTH_USER_MODEL
HOURS = [("ALWAYS", "全天"), ("WORKING", "工作时间"), ("OFF_HOURS", "非工作时间")]


class Migration(migrations.Migration):
    """Duty lists in versions, absences of units, rules that file and dispatch by category."""

    dependencies = [
        ("accounts", "0005_deputies"),
        ("dispatch", "0005_category_suggestions"),
    ]
    operations = [
        migrations.AddField(
            "category", "auto_file", models.BooleanField(default=False, db_default=False)
        ),
        migrations.AddField(
            "category", "auto_dispatch", models.BooleanField(default=False, db_default=False)
        ),
        migrations.AddField(
            "assignment", "why_codes", models.JSONField(default=dict, db_default={}, blank=True)
        ),
        migrations.CreateModel(
            name="DutyList",
            fields=[
                PK,
                ("number", models.PositiveIntegerField(unique=True)),
                ("title", models.CharField(max_length=80)),
                (
                    "state",
                    models.CharField(
                        choices=[("DRAFT", "草案"), ("PUBLISHED", "已发布")],
                        default="DRAFT",
                        max_length=9,
                    ),
                ),
                ("valid_from", models.DateField(blank=True, null=True)),
                ("based_on", _key("dispatch.dutylist", blank=True, null=True)),
                ("created_by", _key(USER, null=True, related_name="+")),
                ("created_at", models.DateTimeField()),
                ("published_by", _key(USER, null=True, related_name="+")),
                ("published_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["DRAFT", "PUBLISHED"])),
                        name="dispatch_dutylist_state_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("published_at__isnull", True),
                            ("state", "DRAFT"),
                            ("valid_from__isnull", True),
                        )
                        | models.Q(
                            ("published_at__isnull", False),
                            ("state", "PUBLISHED"),
                            ("valid_from__isnull", False),
                        ),
                        name="dispatch_dutylist_is_dated_when_it_is_published",
                    ),
                ],
            },
        ),
        migrations.AddField(
            "dutyitem",
            "duty_list",
            _key(
                "dispatch.dutylist",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
            ),
        ),
        migrations.AddField(
            "dutyitem",
            "condition_code",
            models.CharField(blank=True, max_length=14, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            "dutyitem", "hours", models.CharField(choices=HOURS, default="ALWAYS", max_length=9)
        ),
        migrations.RemoveConstraint("dutyitem", "dispatch_dutyitem_one_unit_per_category_and_area"),
        migrations.RunSQL(ONE_LIST, migrations.RunSQL.noop),
        migrations.AlterField(
            "dutyitem", "condition_code", models.CharField(blank=True, max_length=14)
        ),
        migrations.AlterField(
            "dutyitem",
            "duty_list",
            _key(
                "dispatch.dutylist",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
            ),
        ),
        migrations.AlterField(
            "dutyitem", "category", _key("dispatch.category", blank=True, null=True)
        ),
        migrations.RemoveField("dutyitem", "valid_from"),
        migrations.RemoveField("dutyitem", "valid_to"),
        migrations.AddConstraint(
            "dutyitem",
            models.UniqueConstraint(
                fields=("duty_list", "item_no"), name="dispatch_dutyitem_number_is_used_once"
            ),
        ),
        migrations.AddConstraint(
            "dutyitem",
            models.UniqueConstraint(
                fields=("duty_list", "category", "area_code", "condition_code", "hours", "unit"),
                name="dispatch_dutyitem_names_a_unit_once_per_key",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            "dutyitem",
            models.CheckConstraint(
                condition=models.Q(("hours__in", ["ALWAYS", "WORKING", "OFF_HOURS"])),
                name="dispatch_dutyitem_hours_are_known",
            ),
        ),
        migrations.AddConstraint(
            "dutyitem",
            models.CheckConstraint(
                condition=models.Q(("area_code__regex", "^\\d{4,15}$")),
                name="dispatch_dutyitem_has_an_area",
            ),
        ),
        migrations.AddConstraint(
            "dutyitem",
            models.CheckConstraint(
                condition=models.Q(
                    ("condition_code", ""), ("category__isnull", False), _connector="OR"
                ),
                name="dispatch_dutyitem_condition_has_a_category",
            ),
        ),
        migrations.CreateModel(
            name="DutyReplay",
            fields=[
                PK,
                (
                    "duty_list",
                    _key(
                        "dispatch.dutylist",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="replays",
                    ),
                ),
                ("compared_with", _key("dispatch.dutylist", null=True, related_name="+")),
                ("fingerprint", models.CharField(max_length=64)),
                ("days", models.PositiveSmallIntegerField()),
                ("by", _key(USER, null=True, related_name="+")),
                ("at", models.DateTimeField()),
                ("findings", models.JSONField(default=dict)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["duty_list", "at"], name="dispatch_dutyreplay_latest")
                ]
            },
        ),
        migrations.CreateModel(
            name="UnitAbsence",
            fields=[
                PK,
                ("unit", _key("accounts.unit", related_name="absences")),
                ("deputy_unit", _key("accounts.unit", related_name="+")),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=200)),
                ("by", _key(USER, related_name="+")),
                ("created_at", models.DateTimeField()),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                ("cancelled_by", _key(USER, blank=True, null=True, related_name="+")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("unit", models.F("deputy_unit")), _negated=True),
                        name="dispatch_unitabsence_deputy_is_another_unit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="dispatch_unitabsence_ends_after_its_start",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("cancelled_at__isnull", True)),
                        expressions=[
                            ("unit", "="),
                            (models.Func("starts_at", "ends_at", function="TSTZRANGE"), "&&"),
                        ],
                        name="dispatch_unitabsence_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.RunSQL(STAYS, CHANGES),
    ]
