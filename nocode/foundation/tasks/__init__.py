"""What the queue does for people and organizations."""
