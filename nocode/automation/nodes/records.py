"""Steps that read and write the tables of the workflow's project. A write commits together with its step: once."""
