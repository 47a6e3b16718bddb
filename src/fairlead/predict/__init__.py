"""What-if physics and METRICS: a snapshot in, numbers out. Nothing here decides."""
