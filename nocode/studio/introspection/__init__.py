"""Taking over a schema that exists: read from the catalog, planned in full, then copied into a project's tables."""
