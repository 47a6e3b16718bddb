"""Guard and gate before the network is touched, audit after, laws always. Never imports a planner.

guard.py : the safety kernel, rule by rule (G1 ... G12)      gate.py  : may this plan be applied, and why not
audit.py : was the promise kept, and what else changed      laws.py  : what every planner and every rival must satisfy
"""
