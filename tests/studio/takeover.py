"""A schema that was not made here, for the tests of taking one over: a little of everything."""

import re
from pathlib import Path

SHOP = """
    CREATE SCHEMA shop;
    SET LOCAL search_path TO shop, public;
    CREATE TYPE mood AS ENUM ('good', 'so-so');
    CREATE DOMAIN year AS integer CHECK (VALUE >= 1901 AND VALUE <= 2155);
    CREATE TABLE person (
        person_id serial PRIMARY KEY,
        name varchar(40) NOT NULL,
        boss_id integer REFERENCES person ON DELETE SET NULL,
        favourite_sku text,
        born year,
        mood mood DEFAULT 'good'
    );
    COMMENT ON TABLE person IS 'Who works here';
    COMMENT ON COLUMN person.name IS 'As on the badge';
    CREATE TABLE item (
        sku text PRIMARY KEY,
        seller_id integer NOT NULL REFERENCES person ON DELETE CASCADE,
        size text CHECK (size IN ('S', 'M', 'L')),
        price numeric(10, 2) NOT NULL DEFAULT 1.50 CHECK (price >= 0),
        stock integer CHECK (stock > 0),
        weight real,
        ratio double precision,
        sold boolean NOT NULL DEFAULT false,
        since date,
        seen_at timestamptz DEFAULT now(),
        opens time,
        takes interval,
        extra jsonb,
        code uuid UNIQUE,
        story text,
        remark text NOT NULL,
        tags text[],
        words tsvector,
        picture bytea,
        double_price numeric GENERATED ALWAYS AS (price * 2) STORED,
        number serial,
        address inet,
        CHECK (price < 1000 OR sold)
    );
    ALTER TABLE person ADD CONSTRAINT favourite FOREIGN KEY (favourite_sku) REFERENCES item (sku);
    CREATE INDEX item_since ON item (since, price);
    CREATE INDEX item_lower ON item (lower(sku));
    CREATE TABLE label (code char(3) PRIMARY KEY, meaning text);
    CREATE TABLE item_label (
        sku text REFERENCES item ON DELETE CASCADE, label char(3) REFERENCES label ON DELETE CASCADE,
        PRIMARY KEY (sku, label)
    );
    CREATE TABLE review (
        item text NOT NULL REFERENCES item, person integer NOT NULL REFERENCES person, stars smallint,
        PRIMARY KEY (item, person)
    );
    CREATE TABLE reply (
        item text, person integer, "position" integer, text text,
        FOREIGN KEY (item, person) REFERENCES review (item, person),
        EXCLUDE USING btree ("position" WITH =)
    );
    CREATE TABLE visit (at timestamp, place text) PARTITION BY RANGE (at);
    CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE VIEW seller AS SELECT DISTINCT seller_id FROM item;
    CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER watch BEFORE INSERT ON label FOR EACH ROW EXECUTE FUNCTION nothing();

    INSERT INTO person (person_id, name, boss_id, born) VALUES (7, 'Ann', NULL, 1980), (9, 'Bob', 7, NULL);
    INSERT INTO item (sku, seller_id, size, price, weight, ratio, story, remark, code, number, since, takes, extra) VALUES
        ('a-1', 7, 'S', 2.50, 0.1, 1e-3, E'two\\nlines', 'x', '01234567-89ab-cdef-0123-456789abcdef', 3, '2026-01-31', '90 min', '{"a": 1}'),
        ('b-2', 9, NULL, 10, 16777216, 'NaN', 'one', '   ', NULL, 8, NULL, NULL, NULL);
    UPDATE person SET favourite_sku = 'b-2' WHERE person_id = 7;
    INSERT INTO label VALUES ('new', 'Just in'), ('old', NULL);
    INSERT INTO item_label VALUES ('a-1', 'new'), ('a-1', 'old'), ('b-2', 'old');
    INSERT INTO review VALUES ('a-1', 9, 5), ('b-2', 7, 1);
    INSERT INTO reply VALUES ('a-1', 9, 1, 'Thanks');
    SET LOCAL search_path TO DEFAULT;
"""  # noqa: E501


def loaded_northwind(folder: Path, connection) -> str:
    """The schema of a small trading company, with its rows."""
    text = (folder / "schemas" / "northwind" / "northwind.sql").read_text(encoding="utf-8")
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA northwind; SET LOCAL search_path TO northwind")
        cursor.execute(text)
        cursor.execute("SET LOCAL search_path TO DEFAULT; SET LOCAL client_min_messages TO DEFAULT")
    return "northwind"


_HEAD = re.compile(r"^--\n-- Name: .*\n--\n", re.MULTILINE)
_OWNER = re.compile(r"^ALTER .* OWNER TO .*;$", re.MULTILINE)
_FOREIGN = re.compile(r"EXTENSION|\bvector\b|film_embedding|creating schema")  # an extension that is not everywhere


def loaded_pagila(folder: Path, connection) -> str:
    """The schema of a film rental, without rows; what needs an extension or a later PostgreSQL is left away."""
    text = (folder / "schemas" / "pagila" / "pagila-schema.sql").read_text(encoding="utf-8")
    _settings, *parts = _HEAD.split(_OWNER.sub("", text).replace("public.", "pagila."))
    parts = [part.replace("uuidv7()", "gen_random_uuid()").replace(" VIRTUAL", " STORED") for part in parts]
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA pagila; SET LOCAL check_function_bodies TO off")
        for part in parts:
            if not _FOREIGN.search(part):
                cursor.execute(part)
    return "pagila"
