"""From a file to rows: what the file is, its cells as text, a staging table, and what PostgreSQL makes of it."""
