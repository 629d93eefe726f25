"""Categories suggested from what a citizen says: the learner, its texts, the active model."""
