"""Pages for people who are not logged in yet, and about their own account."""
