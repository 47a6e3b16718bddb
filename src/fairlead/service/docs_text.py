"""What docs/tables.md says between its tables."""

from __future__ import annotations

PREAMBLE = """\
# Tables

This page is generated from the declarations in `fairlead.model` (`make docs`); do not edit it.

Three kinds of network have a folder of their own: a [relay overlay](#the-relay-overlay), which `fairlead drain` plans,
a [routed overlay](#the-routed-overlay), which `fairlead route` plans, and a
[datacenter fabric](#the-datacenter-fabric), whose repairs `fairlead mitigate` ranks. Below them are the tables that
stand alone: [what goes in and comes out beside a network](#beside-a-network).

`links` is the name of two tables, one of a routed overlay and one of a fabric, and `flows` of two as well; which one a
file is follows from the command that reads it.

A NETWORK is a folder with one file a table, `<table>.csv` or `<table>.parquet`, and an optional `network.toml`.
Files that are neither CSV nor Parquet, and hidden files, are left alone; a CSV or Parquet file that belongs to no
table is an error, so that a misspelt name is not overlooked. Nothing in the folder is ever changed by reading it.

## What the cells may hold

- **id**: text or whole numbers. All ids of a table are integers when every one reads like an integer (`7`, not `07`),
  else all are text. A reference is compared with them as text. Ids and labels have no blanks around them, no line
  breaks, and at most 256 characters.
- **window**: whole numbers, or UTC times (`2026-03-01T12:00:30Z`, an offset such as `+02:00`, or a Parquet timestamp)
  in steps of a millisecond; one network does not mix the two. Window `k` of length L covers [k L, (k + 1) L).
- **count**: whole numbers from 0 to 2147483647. **number**: decimal, with a point; no thousands separators, no
  percent signs, no units.
- **flag**: `true`, `false`, `1`, `0`, `yes` or `no`, in any case.
- *Not known* is an empty cell, `NaN` or null, never 0, and only where the column says so.
- CSV is UTF-8 with commas, a header line, and lines that end in LF or CR LF; a byte order mark is welcome, blank lines
  are passed over. Columns may stand in any order; a column that no table declares is an error.
- A key stands once in its table.

## network.toml

Optional. `title` is free text. `[types]` says what a CSV file cannot: `"streams.rtt_ms" = "float32"` keeps a column of
numbers in single precision, `"servers.server" = "text"` keeps ids that read like integers as text. Whatever Fairlead
writes carries the entries that it needs. In a fabric `arrivals_per_s` is a number of its own.
"""
RELAY = """\
## The relay overlay

What `fairlead drain plan NETWORK` reads. Every table must be there, and none is empty.

- In `streams` the order of `source` and `target` does not matter, and they differ.
- A data center lies in one region.
- `rtt_ms` may be absent only where `succeeded_count` is 0: nobody lived to measure it.
- A server that no stream names is fine.
"""
ROUTED = """\
## The routed overlay

What `fairlead route plan NETWORK` reads and `fairlead route map` writes. `sites`, `links` and `access` must be there.

- A link goes from one site to another: `source` and `target` differ. Each direction has its own row; a direction
  without a row is no link. One site alone has an empty `links`.
- A group is what `access` names. A group that nobody measured keeps its place by one row without a latency. `fairlead
  route map` also takes a network without `access`; the groups are then those that `prefixes` names.
- A prefix is in CIDR form, with no bits behind its length, and stands once however it is spelt (`2001:db8::/48` is
  `2001:DB8:0::/48`). An address belongs to the longest prefix that holds it.
- A missing row of `links`, `access` or `direct`, and a row without a latency, are the same: that way is not used. An
  unknown jitter or loss makes that of every path over it unknown: such a path is inside no limit on it.
- A lower service class is one with a larger latency limit; that is the order in which sessions are downgraded.
- A demand that is not known is inactive: the session group gets its paths all the same.

| a folder without | means |
| --- | --- |
| `prefixes` | no address is known: route servers answer by group only |
| `direct` | nobody measured the plain Internet: it is taken inside a group, and where no other path is known |
| `service_classes` | the three classes of Panorama Table 3 |
| `demands` | no session group: every pair of groups is planned, in all classes |

Each of these may also have no rows, but for `service_classes`.
"""
FABRIC = """\
## The datacenter fabric

What `fairlead mitigate plan NETWORK` reads and `fairlead world generate fabric` writes. `nodes` and `links` must be
there, with rows.

- A link joins neighbouring tiers: server and t0, t0 and t1, or t1 and t2. Each direction has its own row, and both
  directions must be there; they may differ in everything.
- A server hangs on exactly one t0. Traffic goes up and then down by the shortest way; of next hops that are alike each
  flow takes one with a chance in proportion to its `weight`.
- A failure is a value of a cell: a drop ratio, a capacity below that of its siblings, `up` false. A link carries
  nothing when it is not `up`, or when its drop ratio or that of an end is 1.
- `flows` pins one demand, and `flow_sizes`, `pairs` and `arrivals_per_s` are then not used. Without it demands are
  drawn from these three.
- `flow_sizes` stand in ascending order in both columns and end at 1. Where the first `cdf_ratio` is above 0, that share
  of the flows has exactly the first size.
- `flows` and `pairs` name servers as the traffic was measured; a workload that was moved since is found by
  `placements`.
- A queue whose `buffer_bytes` are not known holds 150,000 bytes.

| a folder without | means |
| --- | --- |
| `destination_weights` | the `weight` of `links` holds for all destinations |
| `placements` | every workload runs on its own server |
| `flows` | demands are drawn |
| `flow_sizes` | nobody knows them: from one packet to 30 MB, every magnitude alike |
| `pairs` | nobody knows them: every pair of servers alike |
| `candidates` | repairs are generated from the failures |

Each of these may also have no rows. Without `arrivals_per_s` in network.toml each demand draws a load of its own,
anything from none to all that the busiest tier of links can carry; with 0 there is no traffic.
"""
BESIDE = """\
## Beside a network

Files by themselves, CSV or Parquet, whose place the command line names. Keys: none unless said; rows in any order.

- `probes` are the RECORDS of `fairlead route map`. The ends are sites and prefixes of the network. A segment does not
  end where it begins; with `via`, a list of sites such as `fra>nyc`, the row is of a path over them. No more packets
  come back than were sent.
- `flows` is what `--flows` of `fairlead route map` takes; `atlas_ends` what `--ends` takes.
- `routes` is what `fairlead route plan` writes into `--out` and reads from `--previous`. The shares of one session
  group add up to 1.
"""
