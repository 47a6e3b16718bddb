"""What connections will see in a datacenter fabric (SWARM section 3.3): throughput of long flows, FCT of short ones."""
