"""The rivals of the routing planner, one a file, under the same contract (Panorama 5.1)."""
