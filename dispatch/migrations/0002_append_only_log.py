"""The log refuses change: UPDATE only numbers a row once, DELETE never. Numbers come from a sequence."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION dispatch_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'dispatch_event is append-only: row % cannot be deleted', OLD.id;
  END IF;
  IF OLD.seq IS NOT NULL OR
     (NEW.id, NEW.case_id, NEW.case_no, NEW.topic, NEW.actor_id, NEW.at, NEW.from_state, NEW.to_state,
      NEW.line, NEW.category, NEW.priority, NEW.district, NEW.payload)
     IS DISTINCT FROM
     (OLD.id, OLD.case_id, OLD.case_no, OLD.topic, OLD.actor_id, OLD.at, OLD.from_state, OLD.to_state,
      OLD.line, OLD.category, OLD.priority, OLD.district, OLD.payload) THEN
    RAISE EXCEPTION 'dispatch_event is append-only: row % cannot be changed', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER dispatch_event_append_only BEFORE UPDATE OR DELETE ON dispatch_event
  FOR EACH ROW EXECUTE FUNCTION dispatch_event_is_append_only();
CREATE SEQUENCE dispatch_number_seq MINVALUE 1 MAXVALUE 999999 CYCLE;
"""
BACKWARD = """
DROP SEQUENCE dispatch_number_seq;
DROP TRIGGER dispatch_event_append_only ON dispatch_event;
DROP FUNCTION dispatch_event_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
