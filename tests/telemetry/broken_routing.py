"""Ways in which the folder of a routed overlay can be broken: one change of a sound folder each."""

from __future__ import annotations

import shutil

import pyarrow as pa
from good_folder import Change, both, content, in_parquet, removed, renamed, swapped
from routing_folder import DEMANDS, LINKS, SITES

ROUTING_CASES: dict[str, Change] = {
    # the folder
    "no sites": removed("sites.csv"),
    "no links": removed("links.csv"),
    "no access": removed("access.csv"),
    "an optional table is packed": renamed("prefixes.csv", "prefixes.csv.gz"),
    "an optional table in both forms": lambda folder: shutil.copy(folder / "direct.csv", folder / "direct.parquet"),
    "an optional table is misspelt": renamed("service_classes.csv", "service_class.csv"),
    "an optional name in capitals": renamed("demands.csv", "Demands.csv"),
    "a file of groups": content("groups.csv", "group\nalone\n"),
    "a file of paths": content("paths.csv", "source,target\nfra,lon\n"),
    "a file of routes": content("routes.csv", DEMANDS),
    "a table of a relay overlay": content("servers.csv", "server,region,data_center\na,b,c\n"),
    # rows
    "no site": content("sites.csv", SITES.split("\n", 1)[0] + "\n"),
    "nobody's access": content("access.csv", "group,site,latency_ms\n"),
    "classes without a class": content("service_classes.csv", "service_class,priority,latency_ms,jitter_ms,loss_ratio"),
    "nothing under the name of Parquet": both(in_parquet("sites"), content("links.parquet", b"")),
    "an empty file for an optional table": content("prefixes.csv", ""),
    "a header without its columns": content("demands.csv", "source_group,target_group\n"),
    "a column of another table": swapped("links", "capacity_mbps", "nic_mbps"),
    # sites
    "a site twice": swapped("sites", "lon,eu", "fra,eu"),
    "a site beyond the date line": swapped("sites", "-74.0", "-181"),
    "an endless network card": swapped("sites", "8000", "inf"),
    "a price below zero": swapped("sites", "8000,2", "8000,-2"),
    "a price is absent": swapped("sites", "8000,2", "8000,"),
    # links
    "a link from a site to itself": swapped("links", "lon,nyc", "nyc,nyc"),
    "a link from the first site to itself": swapped("links", "fra,lon", "fra,fra"),
    "a link twice": swapped("links", "lon,fra", "fra,lon"),
    "a link to nowhere": swapped("links", "lon,nyc", "lon,par"),
    "a link without its end": swapped("links", "lon,nyc", "lon,"),
    "a latency below zero": swapped("links", "nyc,35", "nyc,-35"),
    "a latency with its unit": swapped("links", "nyc,35", "nyc,35ms"),
    "loss of a link in percent": swapped("links", "0.0001", "1.5"),
    "a capacity below zero": swapped("links", "1000,1", "-1000,1"),
    "text for latency in Parquet": in_parquet("links", latency_ms=pa.array(["1", "2", "3", "4"])),
    "reals for the ends of links": in_parquet("links", source=pa.array([1.0, 2.0, 3.0, 4.0])),
    # access
    "a group is absent": swapped("access", "alone", ""),
    "a group of blanks": swapped("access", "alone", "  "),
    "blanks around a group": swapped("access", "alone", "alone "),
    "a group without end": swapped("access", "alone", "g" * 300),
    "a line break in a group": swapped("access", "alone", '"al\none"'),
    "a group and a site twice": swapped("access", "lon>fra,lon", "lon>fra,fra"),
    "access to no site": swapped("access", "alone,nyc", "alone,syd"),
    "jitter below zero": swapped("access", "0.75", "-0.75"),
    # prefixes
    "no prefix at all": swapped("prefixes", "192.0.2.0/24", ""),
    "a name for a prefix": swapped("prefixes", "192.0.2.0/24", "frankfurt"),
    "an address for a prefix": swapped("prefixes", "192.0.2.0/24", "192.0.2.0"),
    "an IPv6 address for a prefix": swapped("prefixes", "192.0.2.0/24", "2001:db8:1::"),
    "a prefix with host bits": swapped("prefixes", "192.0.2.0/24", "192.0.2.17/24"),
    "an IPv6 prefix with host bits": swapped("prefixes", "2001:db8::/48", "2001:db8::1/48"),
    "a prefix too long": swapped("prefixes", "192.0.2.0/24", "192.0.2.0/33"),
    "a prefix with a mask": swapped("prefixes", "192.0.2.0/24", "192.0.2.0/255.255.255.0"),
    "a number above 255": swapped("prefixes", "192.0.2.0/24", "192.0.256.0/24"),
    "leading zeros": swapped("prefixes", "192.0.2.0/24", "192.000.2.0/24"),
    "prefixes are numbers": content("prefixes.csv", "prefix,group\n1,alone\n2,alone\n"),
    "a prefix twice": swapped("prefixes", "198.51.100.0/24", "192.0.2.0/24"),
    "a prefix in two spellings": swapped("prefixes", "203.0.113.0/24", "2001:0DB8:0::/48"),
    "blanks around a prefix": swapped("prefixes", "192.0.2.0/24", " 192.0.2.0/24"),
    "a prefix of no group": swapped("prefixes", "198.51.100.0/24,lon>fra", "198.51.100.0/24,lon>par"),
    # direct
    "direct from no group": swapped("direct", "lon>fra,fra>lon>nyc", "lon>par,fra>lon>nyc"),
    "direct twice": swapped("direct", "lon>fra,fra>lon>nyc", "fra>lon>nyc,lon>fra"),
    "direct loss with a percent sign": swapped("direct", "0.01", "1%"),
    "direct without its end": swapped("direct", "lon>fra,fra>lon>nyc", "lon>fra,"),
    # demands
    "a demand of no class": swapped("demands", "premium", "gold"),
    "a class in capitals": swapped("demands", "premium", "Premium"),
    "a session group twice": swapped("demands", "fra,bulk,\n", "fra,premium,\n"),
    "a demand below zero": swapped("demands", "3.5", "-3.5"),
    "a demand that is none": swapped("demands", "3.5", "much"),
    "a demand to no group": swapped("demands", "lon>fra,lon>fra", "lon>fra,rio"),
    # service classes
    "a class twice": swapped("service_classes", "bulk", "premium"),
    "half a priority": swapped("service_classes", "bulk,0", "bulk,0.5"),
    "a priority below zero": swapped("service_classes", "bulk,0", "bulk,-1"),
    "a limit on loss in percent": swapped("service_classes", "0.1", "10"),
    # types
    "a type for links that they cannot have": content("network.toml", '[types]\n"links.source" = "text"\n'),
    "a separator other than commas": content("links.csv", LINKS.replace(",", ";")),
}
