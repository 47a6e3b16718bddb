"""Five rooms, no doors between them: a snapshot in, a plan out."""
