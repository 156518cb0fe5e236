"""Console pages of people, organizations and the kernel's tables."""
