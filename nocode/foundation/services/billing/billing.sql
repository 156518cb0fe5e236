-- An invoice that was sent is a fact: nothing but being paid, being cancelled, and the loss of its organization may
-- happen to it. Installed after each migration.
CREATE OR REPLACE FUNCTION public.keep_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    passing CONSTANT text[] := ARRAY['status', 'paid_at', 'payment_reference', 'organization_id', 'updated_at'];
    payment CONSTANT text[] := ARRAY['status', 'paid_at', 'payment_reference'];
    old_row CONSTANT jsonb := to_jsonb(OLD);
    new_row jsonb;
    name text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'Invoice % cannot be deleted.', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    new_row := to_jsonb(NEW);
    IF new_row - passing IS DISTINCT FROM old_row - passing THEN
        RAISE EXCEPTION 'Invoice % cannot be changed.', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.organization_id IS NOT NULL AND NEW.organization_id IS DISTINCT FROM OLD.organization_id THEN
        RAISE EXCEPTION 'Invoice % belongs to its customer.', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status <> 'open' THEN
        FOREACH name IN ARRAY payment LOOP
            IF new_row -> name IS DISTINCT FROM old_row -> name THEN
                RAISE EXCEPTION 'Invoice % is settled.', OLD.number USING ERRCODE = 'restrict_violation';
            END IF;
        END LOOP;
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER keep_invoice BEFORE UPDATE OR DELETE ON foundation_invoice
    FOR EACH ROW EXECUTE FUNCTION public.keep_invoice();
