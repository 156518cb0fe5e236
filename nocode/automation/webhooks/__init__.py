"""Reading webhook calls: pure, without the database."""
