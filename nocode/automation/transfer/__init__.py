"""Workflows as files: out as JSON, in again anywhere, and made a second time.

The format is told in docs/workflow-file.md, and as a JSON Schema in docs/workflow-file.schema.json. Files of n8n become
the same outline first (nocode/automation/n8n), so there is one way in.
"""
