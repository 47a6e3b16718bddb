"""A small sound folder of a datacenter fabric as text: one pod, two t0s, two servers."""

from __future__ import annotations

from pathlib import Path

NODES = """\
node,tier,pod,drop_ratio
H0,server,east,0
H1,server,east,0
C0,t0,east,0
C1,t0,east,0.001
B0,t1,east,0
B1,t1,east,0
A0,t2,,0
"""
LINKS = """\
source,target,capacity_mbps,delay_ms,drop_ratio,up,weight
H0,C0,1000,0.05,0,true,1
C0,H0,1000,0.05,0,true,1
H1,C1,1000,0.05,0,true,1
C1,H1,1000,0.05,0,true,1
C0,B0,500,0.05,0.05,true,1
B0,C0,500,0.05,0.05,true,1
C0,B1,500,0.05,0,true,2
B1,C0,500,0.05,0,true,1
C1,B0,500,0.05,0,true,1
B0,C1,500,0.05,0,true,1
C1,B1,500,0.05,0.00005,false,1
B1,C1,500,0.05,0.00005,false,1
B0,A0,500,0.05,0,true,1
A0,B0,500,0.05,0,true,1
"""
FLOWS = """\
start_s,source,target,size_bytes
0.25,H0,H1,1000
0,H1,H0,2500000
"""
FLOW_SIZES = """\
size_bytes,cdf_ratio
0,0
10000,0.15
30000000,1
"""
PAIRS = """\
source,target,probability
H0,H1,0.75
H1,H0,0.25
"""
CANDIDATES = """\
candidate,action,source,target,value
wait,none,,,
swap,disable_link,C0,B0,
swap,enable_link,C1,B1,
weights,set_weight,C0,B0,0.5
drain,disable_node,C1,,
drain,move_traffic,C1,C0,
"""
PLACEMENTS = """\
server,host
H1,H0
"""
DESTINATION_WEIGHTS = """\
source,target,destination,weight
C0,B1,C1,0.25
"""
FABRIC_FILES = {
    "nodes": NODES,
    "links": LINKS,
    "flows": FLOWS,
    "flow_sizes": FLOW_SIZES,
    "pairs": PAIRS,
    "candidates": CANDIDATES,
    "placements": PLACEMENTS,
    "destination_weights": DESTINATION_WEIGHTS,
}


def write_good_fabric(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in FABRIC_FILES.items():
        (folder / f"{name}.csv").write_text(text)
    (folder / "network.toml").write_text('title = "two racks"\narrivals_per_s = 120\n')
