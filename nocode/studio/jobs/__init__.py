"""Work on tables that takes its time: one JobType per kind of work."""
