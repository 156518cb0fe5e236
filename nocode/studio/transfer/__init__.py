"""A whole project as one file, and back: what the file holds (`docs/project-file.md`), written, checked and built."""
