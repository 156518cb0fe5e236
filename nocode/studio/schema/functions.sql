-- Keeps updated_at true on the tables of projects. Installed after each migration; platform tables are never touched.

CREATE OR REPLACE FUNCTION public.update_updated_at_column() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- An update that changes nothing is not a change.
    IF NEW IS DISTINCT FROM OLD THEN
        NEW.updated_at := statement_timestamp();
    END IF;
    RETURN NEW;
END
$$;

-- Event trigger function: gives each new table of a project the trigger above. A project schema is known by its comment.
CREATE OR REPLACE FUNCTION public.create_updated_at_trigger() RETURNS event_trigger
LANGUAGE plpgsql AS $$
DECLARE
    new_table regclass;
BEGIN
    FOR new_table IN
        SELECT command.objid::regclass
        FROM pg_event_trigger_ddl_commands() AS command
        JOIN pg_class ON pg_class.oid = command.objid AND pg_class.relkind IN ('r', 'p')
        JOIN pg_attribute ON attrelid = command.objid AND attname = 'updated_at' AND NOT attisdropped
        WHERE command.command_tag IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
          AND atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype)
          AND obj_description(relnamespace, 'pg_namespace') LIKE 'NoCode project %'
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER set_updated_at BEFORE UPDATE ON %s '
            'FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column()', new_table
        );
    END LOOP;
END
$$;
