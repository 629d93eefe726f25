"""What may be the same thing: the radar, its reasons, and the never-merge list (domain.md 4.2)."""
