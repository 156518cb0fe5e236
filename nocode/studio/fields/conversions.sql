-- What a text means as a value of a field, NULL when it means none: the half of the field types that runs in PostgreSQL,
-- for imports and changes of type. Each function agrees with `clean` of its type in Python; tests compare the two on
-- everything they can think of. None raises an error for any text, none depends on the session's settings.

-- Without the white space around it: the characters Python's str.strip() takes.
CREATE OR REPLACE FUNCTION public.nocode_trim(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT btrim(value, E'\t\n\u000B\f\r\u001C\u001D\u001E\u001F \u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005'
        '\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000')
$$;

-- --- words

CREATE OR REPLACE FUNCTION public.nocode_try_text(value text, longest integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF char_length(value) > longest OR public.nocode_trim(value) = '' THEN
        RETURN NULL;
    END IF;
    RETURN value;
END
$$;

CREATE OR REPLACE FUNCTION public.nocode_try_line(value text, longest integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF strpos(value, E'\n') > 0 OR strpos(value, E'\r') > 0 THEN
        value := rtrim(value, E'\r\n');
        IF strpos(value, E'\n') > 0 OR strpos(value, E'\r') > 0 THEN
            RETURN NULL;
        END IF;
    END IF;
    RETURN public.nocode_try_text(value, longest);
END
$$;

-- A text of a certain shape: an e-mail address, an address on the web, a telephone number, a UUID.
CREATE OR REPLACE FUNCTION public.nocode_try_shape(value text, shape text, longest integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    value := public.nocode_trim(value);
    IF char_length(value) <= longest AND value ~ shape THEN
        RETURN value;
    END IF;
    RETURN NULL;
END
$$;

-- --- numbers

-- 12.5, 1e3, 1 234,56, 1'234.56, 1,234.56, 1.234,56, 12,5; not 1,234, which may be either.
CREATE OR REPLACE FUNCTION public.nocode_try_number(value text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    value := public.nocode_trim(value);
    IF value ~ '^-?[0-9]+([.][0-9]+)?$' AND char_length(value) <= 40 THEN  -- most of them; the next takes longer
        RETURN value::numeric;
    ELSIF value ~ '^[+-]?([0-9]{1,40}([.][0-9]{0,40})?|[.][0-9]{1,40})([eE][+-]?[0-9]{1,3})?$' THEN
        RETURN value::numeric;
    ELSIF char_length(value) > 60 THEN
        RETURN NULL;
    END IF;
    value := translate(value, E'\u2212\u00A0\u202F\u2009\u2019''', '-     ');
    IF value ~ '^[+-]?[0-9]{1,3}( [0-9]{3})+([.,][0-9]+)?$' THEN
        RETURN replace(replace(value, ' ', ''), ',', '.')::numeric;
    ELSIF value ~ '^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+[.][0-9]+$' OR value ~ '^[+-]?[1-9][0-9]{0,2}(,[0-9]{3}){2,}$' THEN
        RETURN replace(value, ',', '')::numeric;
    ELSIF value ~ '^[+-]?[1-9][0-9]{0,2}([.][0-9]{3})+,[0-9]+$'
            OR value ~ '^[+-]?[1-9][0-9]{0,2}([.][0-9]{3}){2,}$' THEN
        RETURN replace(replace(value, '.', ''), ',', '.')::numeric;
    ELSIF value ~ '^[+-]?[0-9]+,[0-9]+$' AND value !~ '^[+-]?[1-9][0-9]{0,2},[0-9]{3}$' THEN
        RETURN replace(value, ',', '.')::numeric;
    ELSIF value ~ '^-[0-9]+([.][0-9]+)?$' THEN  -- its minus was a real one
        RETURN value::numeric;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.nocode_try_integer(value text, low numeric, high numeric) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    number numeric := public.nocode_try_number(value);
BEGIN
    IF number <> trunc(number) OR number < coalesce(low, -9223372036854775808)
            OR number > coalesce(high, 9223372036854775807)
            OR number NOT BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
        RETURN NULL;
    END IF;
    RETURN number::bigint;
END
$$;

CREATE OR REPLACE FUNCTION public.nocode_fits(number numeric, decimals integer, low numeric, high numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF abs(number) >= 1e30 OR scale(trim_scale(number)) > decimals OR number < low OR number > high THEN
        RETURN NULL;
    END IF;
    RETURN number;
END
$$;

CREATE OR REPLACE FUNCTION public.nocode_try_decimal(value text, decimals integer, low numeric, high numeric)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN public.nocode_fits(public.nocode_try_number(value), decimals, low, high);
END
$$;

-- A number with or without a mark of its currency: € 12, -12 EUR.
CREATE OR REPLACE FUNCTION public.nocode_try_amount(
    value text, marks text[], decimals integer, low numeric, high numeric
) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    number numeric := public.nocode_try_number(value);
    sign text := '';
    mark text;
BEGIN
    IF number IS NULL AND char_length(value) <= 100 THEN
        value := public.nocode_trim(value);
        IF left(value, 1) IN ('-', '+', E'\u2212') THEN
            sign := left(value, 1);
            value := public.nocode_trim(substr(value, 2));
        END IF;
        FOREACH mark IN ARRAY marks LOOP
            IF starts_with(value, mark) THEN
                value := substr(value, char_length(mark) + 1);
                EXIT;
            ELSIF right(value, char_length(mark)) = mark THEN
                value := left(value, -char_length(mark));
                EXIT;
            END IF;
        END LOOP;
        number := public.nocode_try_number(sign || public.nocode_trim(value));
    END IF;
    RETURN public.nocode_fits(number, decimals, low, high);
END
$$;

-- 12.5 % and 0.125 are the same.
CREATE OR REPLACE FUNCTION public.nocode_try_percent(value text, decimals integer, low numeric, high numeric)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    value := public.nocode_trim(value);
    IF right(value, 1) = '%' THEN
        RETURN public.nocode_fits(public.nocode_try_number(left(value, -1)) * 0.01, decimals, low, high);
    END IF;
    RETURN public.nocode_fits(public.nocode_try_number(value), decimals, low, high);
END
$$;

-- --- choices

CREATE OR REPLACE FUNCTION public.nocode_try_boolean(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    value := lower(public.nocode_trim(value) COLLATE "C");
    IF value IN ('true', 't', '1', 'yes', 'y', 'on', 'oui', 'vrai') THEN
        RETURN true;
    ELSIF value IN ('false', 'f', '0', 'no', 'n', 'off', 'non', 'faux') THEN
        RETURN false;
    END IF;
    RETURN NULL;
END
$$;

-- The option that a text is, whatever its case: `upper` and `lower` say which characters are the same in these options.
CREATE OR REPLACE FUNCTION public.nocode_try_option(
    value text, options text[], folded text[], upper text, lower text
) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    value := public.nocode_trim(value);
    IF value = ANY(options) THEN
        RETURN value;
    END IF;
    RETURN options[array_position(folded, translate(value, upper, lower))];
END
$$;

-- Several options in one text: as JSON, or between semicolons, commas or line ends.
CREATE OR REPLACE FUNCTION public.nocode_try_options(
    value text, options text[], folded text[], upper text, lower text
) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    part text;
    option text;
    found text[] := '{}';
BEGIN
    FOREACH part IN ARRAY coalesce(public.nocode_parts(value), '{}') LOOP
        IF public.nocode_trim(part) <> '' THEN
            option := public.nocode_try_option(part, options, folded, upper, lower);
            IF option IS NULL THEN
                RETURN NULL;
            ELSIF option <> ALL(found) THEN
                found := found || option;
            END IF;
        END IF;
    END LOOP;
    RETURN nullif(found, '{}');
END
$$;

CREATE OR REPLACE FUNCTION public.nocode_parts(value text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    list jsonb;
BEGIN
    IF starts_with(public.nocode_trim(value), '[') THEN
        list := public.nocode_try_json(value);
        IF jsonb_path_exists(list, 'strict $[*] ? (@.type() != "string")') THEN
            RETURN NULL;
        END IF;
        RETURN (SELECT array_agg(item ORDER BY place) FROM jsonb_array_elements_text(list) WITH ORDINALITY AS _(item, place));
    ELSIF value ~ E'[;\n\r]' THEN
        RETURN regexp_split_to_array(value, E'[;\n\r]');
    END IF;
    RETURN string_to_array(value, ',');
END
$$;

-- The same the other way: between commas, or as JSON where an option holds what would part it.
CREATE OR REPLACE FUNCTION public.nocode_options_text(value text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF array_to_string(value, '') ~ E'[][,;\n\r]' THEN
        RETURN to_jsonb(value)::text;
    END IF;
    RETURN array_to_string(value, ', ');
END
$$;

-- The names in a text, each once, in their order: between what matches a regular expression (empty: the text is one
-- name), or in JSON, whose objects say theirs under `named`.
CREATE OR REPLACE FUNCTION public.nocode_words(value text, between_words text, named text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    list jsonb;
    words text[];
BEGIN
    IF left(public.nocode_trim(value), 1) IN ('[', '{') THEN
        list := public.nocode_try_json(value);
    END IF;
    IF list IS NOT NULL THEN
        words := ARRAY(
            SELECT CASE jsonb_typeof(item) WHEN 'object' THEN coalesce(item ->> named, item::text) ELSE item #>> '{}' END
            FROM jsonb_array_elements(CASE jsonb_typeof(list) WHEN 'array' THEN list ELSE jsonb_build_array(list) END)
                WITH ORDINALITY AS _(item, place)
            ORDER BY place
        );
    ELSIF between_words = '' THEN
        words := ARRAY[value];
    ELSE
        words := regexp_split_to_array(value, between_words);
    END IF;
    RETURN (
        SELECT array_agg(word ORDER BY place)
        FROM (
            SELECT public.nocode_trim(word) AS word, min(place) AS place
            FROM unnest(words) WITH ORDINALITY AS _(word, place) GROUP BY 1
        ) AS each
        WHERE word <> ''
    );
END
$$;

-- --- days and hours

CREATE OR REPLACE FUNCTION public.nocode_try_day(value text, order_of_parts text) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    parts text[];
    days integer[];
BEGIN
    -- What most files write, without an expression that captures, which takes ten times as long.
    IF value ~ '^[1-9][0-9][0-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$' THEN
        RETURN make_date(left(value, 4)::integer, substr(value, 6, 2)::integer, right(value, 2)::integer);
    END IF;
    parts := regexp_match(value, '^([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})$');
    IF parts IS NULL AND order_of_parts IN ('dmy', 'mdy') THEN
        parts := regexp_match(value, '^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})$');
        parts := CASE order_of_parts WHEN 'dmy' THEN ARRAY[parts[3], parts[2], parts[1]]
            ELSE ARRAY[parts[3], parts[1], parts[2]] END;
    END IF;
    days := parts::integer[];
    IF days[1] >= 1 AND days[2] BETWEEN 1 AND 12 AND days[3] >= 1 AND (
        days[3] <= 28
        OR days[3] <= extract(day FROM make_date(days[1], days[2], 1) + interval '1 month' - interval '1 day')
    ) THEN
        RETURN make_date(days[1], days[2], days[3]);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.nocode_try_date(value text, order_of_parts text, low date, high date) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    day date := public.nocode_try_day(public.nocode_trim(value), order_of_parts);
BEGIN
    IF day < low OR day > high THEN
        RETURN NULL;
    END IF;
    RETURN day;
END
$$;

-- 14:30, 14:30:05.25, 2:30 pm, 14h30
CREATE OR REPLACE FUNCTION public.nocode_try_time(value text) RETURNS time
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    parts text[] := regexp_match(
        public.nocode_trim(value),
        '^([0-9]{1,2})[:hH]([0-5][0-9])(?::([0-5][0-9])(?:[.,]([0-9]{1,9}))?)?(?: ?([AaPp])[Mm])?$'
    );
    hour integer := parts[1]::integer;
BEGIN
    IF hour NOT BETWEEN 0 AND 23 OR (parts[5] IS NOT NULL AND hour NOT BETWEEN 1 AND 12) THEN
        RETURN NULL;
    ELSIF parts[5] IS NOT NULL THEN
        hour := hour % 12 + CASE WHEN parts[5] IN ('p', 'P') THEN 12 ELSE 0 END;
    END IF;
    RETURN make_time(hour, parts[2]::integer, coalesce(parts[3], '0')::integer)
        + make_interval(secs => left(rpad(coalesce(parts[4], '0'), 6, '0'), 6)::integer / 1e6);
END
$$;

-- A day, then a time, then how far from UTC; without that, by the clocks of a time zone. An hour that comes twice when
-- clocks are set back is the second one, an hour that is skipped is counted as if they had not been set yet.
CREATE OR REPLACE FUNCTION public.nocode_try_moment(
    value text, zone text, order_of_parts text, low timestamptz, high timestamptz
) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    parts text[];
    day date;
    clock time;
    moment timestamptz;
BEGIN
    -- What most programs write, without an expression that captures, which takes a hundred times as long.
    IF value ~ '^[1-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:[.][0-9]{6})?Z?$' THEN
        day := public.nocode_try_day(left(value, 10), order_of_parts);
        IF substr(value, 12, 2) <= '23' THEN
            clock := rtrim(substr(value, 12), 'Z')::time;
        END IF;
        parts := ARRAY[NULL, NULL, substring(value FROM 'Z$'), NULL, NULL, NULL];
    ELSE
        parts := regexp_match(
            public.nocode_trim(value),
            '^([0-9./-]{8,10})(?:[Tt ] ?([0-9:.,]{4,18}(?: ?[AaPp][Mm])?)'
            '(?: ?(?:([Zz])|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?))?)?$'
        );
        day := public.nocode_try_day(parts[1], order_of_parts);
        clock := CASE WHEN parts[2] IS NULL THEN '00:00' ELSE public.nocode_try_time(parts[2]) END;
    END IF;
    IF parts[3] IS NOT NULL THEN
        moment := (day + clock) AT TIME ZONE 'UTC';
    ELSIF parts[4] IS NOT NULL THEN
        moment := (day + clock) AT TIME ZONE 'UTC' - make_interval(
            mins => (parts[4] || '1')::integer * (parts[5]::integer * 60 + coalesce(parts[6], '0')::integer)
        );
    ELSE
        moment := (day + clock) AT TIME ZONE zone;
    END IF;
    IF moment < low OR moment > high
            OR extract(year FROM moment AT TIME ZONE 'UTC') NOT BETWEEN 1 AND 9999
            OR extract(year FROM moment AT TIME ZONE zone) NOT BETWEEN 1 AND 9999 THEN
        RETURN NULL;
    END IF;
    RETURN moment;
END
$$;

CREATE OR REPLACE FUNCTION public.nocode_moment_text(value timestamptz) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN replace(to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000', '');
END
$$;

-- Seconds: 1:30 (hours and minutes), 1:30:05, 1h30, 1 d 2 h 3 min 4 s, 90 (seconds)
CREATE OR REPLACE FUNCTION public.nocode_try_duration(value text, low numeric, high numeric) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    sign integer := 1;
    parts text[];
    seconds bigint;
BEGIN
    value := translate(lower(public.nocode_trim(value) COLLATE "C"), E'\u2212', '-');
    IF left(value, 1) = '-' THEN
        sign := -1;
        value := ltrim(substr(value, 2), ' ');
    END IF;
    parts := regexp_match(value, '^([0-9]{1,12})$');
    IF parts IS NOT NULL THEN
        seconds := parts[1]::bigint;
    ELSE
        parts := coalesce(
            regexp_match(value, '^()([0-9]{1,9}):([0-5]?[0-9])(?::([0-5]?[0-9]))?$'),
            regexp_match(value, '^()([0-9]{1,7}) ?h ?([0-5]?[0-9])()$'),
            regexp_match(
                value,
                '^(?=[0-9])(?:([0-9]{1,6}) ?(?:d|days?|j|jours?) ?)?(?:([0-9]{1,7}) ?(?:h|hrs?|hours?|heures?) ?)?'
                '(?:([0-9]{1,9}) ?(?:m|min|mins|minutes?) ?)?(?:([0-9]{1,9}) ?(?:s|secs?|seconds?|secondes?))?$'
            )
        );
        IF parts IS NULL THEN
            RETURN NULL;
        END IF;
        seconds := coalesce(nullif(parts[1], ''), '0')::bigint * 86400 + coalesce(parts[2], '0')::bigint * 3600
            + coalesce(parts[3], '0')::bigint * 60 + coalesce(nullif(parts[4], ''), '0')::bigint;
    END IF;
    IF sign * seconds < low OR sign * seconds > high THEN
        RETURN NULL;
    END IF;
    RETURN sign * seconds;
END
$$;

CREATE OR REPLACE FUNCTION public.nocode_duration_text(value bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN value < 0 THEN '-' ELSE '' END || (abs(value) / 3600)::text
        || to_char(make_interval(secs => abs(value) % 3600), ':MI:SS');
END
$$;

-- --- anything

-- What jsonb takes and Python does as well: nested at most 100 deep, no number beyond those with a floating point.
CREATE OR REPLACE FUNCTION public.nocode_try_json(value text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    found jsonb;
BEGIN
    IF public.nocode_trim(value) = '' THEN
        RETURN NULL;
    ELSIF left(public.nocode_trim(value), 1) NOT IN ('[', '{') THEN
        RETURN to_jsonb(value);
    END IF;
    found := value::jsonb;
    IF jsonb_path_exists(found, '$.**{101 to last}') OR jsonb_path_exists(
        found, '$.** ? (@.type() == "number" && (@ >= 1.797693134862315807937e308 || @ <= -1.797693134862315807937e308))'
    ) THEN
        RETURN NULL;
    END IF;
    RETURN found;
EXCEPTION
    WHEN invalid_text_representation OR untranslatable_character OR statement_too_complex OR program_limit_exceeded
        OR numeric_value_out_of_range
    THEN
        RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.nocode_json_text(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value) WHEN 'string' THEN value #>> '{}' ELSE value::text END
$$;

-- A list of files as a row keeps it, each with its id, name, size and type, and nothing else.
CREATE OR REPLACE FUNCTION public.nocode_try_files(value text, most integer) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    list jsonb := public.nocode_try_json(value);
    file jsonb;
BEGIN
    IF list IS NULL OR jsonb_typeof(list) <> 'array' OR jsonb_array_length(list) NOT BETWEEN 1 AND most THEN
        RETURN NULL;
    END IF;
    FOR file IN SELECT jsonb_array_elements(list) LOOP
        IF jsonb_typeof(file) <> 'object' THEN
            RETURN NULL;
        ELSIF (SELECT array_agg(key ORDER BY key) FROM jsonb_object_keys(file) AS _(key))
                IS DISTINCT FROM ARRAY['id', 'name', 'size', 'type']
            OR jsonb_typeof(file->'id') <> 'string' OR jsonb_typeof(file->'name') <> 'string'
            OR jsonb_typeof(file->'type') <> 'string' OR jsonb_typeof(file->'size') <> 'number'
            OR (file->>'id') !~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' OR starts_with(file->>'size', '-') THEN
            RETURN NULL;
        END IF;
    END LOOP;
    RETURN list;
END
$$;
