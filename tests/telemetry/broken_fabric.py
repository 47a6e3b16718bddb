"""Ways in which the folder of a fabric can be broken: one change of a sound folder each."""

from __future__ import annotations

import pyarrow as pa
from fabric_folder import LINKS, NODES
from good_folder import Change, content, in_parquet, removed, renamed, swapped

FABRIC_CASES: dict[str, Change] = {
    # the folder
    "no nodes": removed("nodes.csv"),
    "no links": removed("links.csv"),
    "candidates misspelt": renamed("candidates.csv", "candidate.csv"),
    "arrivals as a file": content("arrivals.csv", "arrivals_per_s\n120\n"),
    "a table of a routed overlay": content("sites.csv", "site\nfra\n"),
    # settings
    "no such setting": content("network.toml", "arrival_per_s = 120\n"),
    "arrivals as text": content("network.toml", 'arrivals_per_s = "120"\n'),
    "arrivals as a flag": content("network.toml", "arrivals_per_s = true\n"),
    "arrivals below zero": content("network.toml", "arrivals_per_s = -1\n"),
    "arrivals without end": content("network.toml", "arrivals_per_s = inf\n"),
    "arrivals unknown": content("network.toml", "arrivals_per_s = nan\n"),
    # nodes
    "no node at all": content("nodes.csv", NODES.split("\n", 1)[0] + "\n"),
    "a node twice": swapped("nodes", "C1,t0", "C0,t0"),
    "a node without a name": swapped("nodes", "C1,t0", ",t0"),
    "no such tier": swapped("nodes", "A0,t2", "A0,spine"),
    "a tier in capitals": swapped("nodes", "A0,t2", "A0,T2"),
    "a tier is absent": swapped("nodes", "A0,t2", "A0,"),
    "drops in percent": swapped("nodes", "0.001", "5"),
    "drops below zero": swapped("nodes", "0.001", "-0.001"),
    "drops unknown": swapped("nodes", "0.001", "nan"),
    # links
    "no link at all": content("links.csv", LINKS.split("\n", 1)[0] + "\n"),
    "a link twice": swapped("links", "B1,C0", "B0,C0"),
    "a link to nowhere": swapped("links", "C0,B1", "C0,B7"),
    "a link inside a tier": swapped("links", "B0,A0", "B0,B1"),
    "a link over two tiers": swapped("links", "B0,A0", "C0,A0"),
    "a link to itself": swapped("links", "B0,A0", "B0,B0"),
    "a link one way": swapped("links", "A0,B0,500,0.05,0,true,1\n", ""),
    "no capacity": swapped("links", "B0,A0,500", "B0,A0,0"),
    "capacity is absent": swapped("links", "B0,A0,500", "B0,A0,"),
    "delay below zero": swapped("links", "B0,A0,500,0.05", "B0,A0,500,-0.05"),
    "drops of a link in percent": swapped("links", "0.05,0.05", "0.05,5"),
    "neither up nor down": swapped("links", "false", "perhaps"),
    "a weight below zero": swapped("links", "true,2", "true,-2"),
    "a server on two switches": swapped("links", "B0,A0,500,0.05,0,true,1\nA0,B0", "H0,C1,500,0.05,0,true,1\nC1,H0"),
    "text for capacity in Parquet": in_parquet("links", capacity_mbps=pa.array(["1"] * 14)),
    # traffic
    "a flow from a switch": swapped("flows", "H0,H1", "C0,H1"),
    "a flow to itself": swapped("flows", "H0,H1", "H0,H0"),
    "a flow without bytes": swapped("flows", "H0,H1,1000", "H0,H1,0"),
    "a flow before the start": swapped("flows", "0.25", "-0.25"),
    "a flow to nowhere": swapped("flows", "H0,H1", "H0,H9"),
    "sizes that fall": swapped("flow_sizes", "10000,0.15", "40000000,0.15"),
    "a distribution that falls": swapped("flow_sizes", "0,0\n10000,0.15", "0,0.5\n10000,0.15"),
    "a distribution in percent": swapped("flow_sizes", "30000000,1", "30000000,100"),
    "a distribution that ends early": swapped("flow_sizes", "30000000,1", "30000000,0.99"),
    "nothing but empty flows": content("flow_sizes.csv", "size_bytes,cdf_ratio\n0,1\n"),
    "a pair twice": swapped("pairs", "H1,H0", "H0,H1"),
    "a pair of one server": swapped("pairs", "H1,H0", "H1,H1"),
    "a pair with a switch": swapped("pairs", "H1,H0", "H1,B0"),
    "a probability below zero": swapped("pairs", "0.25", "-0.25"),
    # repairs
    "no such action": swapped("candidates", "disable_link", "disable_links"),
    "a link without its end": swapped("candidates", "C0,B0,\n", "C0,,\n"),
    "a node that is not named": swapped("candidates", "disable_node,C1", "disable_node,"),
    "a weight that is not given": swapped("candidates", "C0,B0,0.5", "C0,B0,"),
    "a weight below nothing": swapped("candidates", "C0,B0,0.5", "C0,B0,-0.5"),
    "a repair of nothing": swapped("candidates", "C1,C0", "C1,C7"),
    # others
    "work placed on a switch": swapped("placements", "H1,H0", "H1,C0"),
    "a switch's work placed": swapped("placements", "H1,H0", "C1,H0"),
    "work placed twice": swapped("placements", "H1,H0\n", "H1,H0\nH1,H1\n"),
    "weights towards a server": swapped("destination_weights", "B1,C1", "B1,H1"),
}
