"""Real kernel TCP in network namespaces: what transport does is measured here, and a small fabric runs here.

    namespaces.py     namespaces of this process alone, and what the machine needs for them
    links.py          veth pairs, rate and buffer, loss
    relay.py          delay, where the kernel has no netem
    transfers.py      flows with an end, timed; streams.py: flows without, counted
    laboratory.py     one path under many conditions at once (SWARM appendix B, figure 1(a))
    funnel.py         many senders, one bottleneck (figure 1(b))
    valley.py         next hops of a small fabric
    fabric.py         a fabric of namespaces from a snapshot
    trial.py          a demand on it: ``run(snapshot, trace, horizon_s, congestion_control)``

Needs root, Linux, iproute2 and nftables; ``require_testbed`` says what is missing. Nothing outside the namespaces that
it makes is touched, and they vanish with the process.
"""

from fairlead.worlds.testbed.namespaces import require_testbed

__all__ = ["require_testbed"]
