"""The access log refuses UPDATE and DELETE."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION accounts_accesslog_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'accounts_accesslog is append-only: row % stays as it is', OLD.id;
END $$;
CREATE TRIGGER accounts_accesslog_append_only BEFORE UPDATE OR DELETE ON accounts_accesslog
  FOR EACH ROW EXECUTE FUNCTION accounts_accesslog_is_append_only();
"""
BACKWARD = """
DROP TRIGGER accounts_accesslog_append_only ON accounts_accesslog;
DROP FUNCTION accounts_accesslog_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
