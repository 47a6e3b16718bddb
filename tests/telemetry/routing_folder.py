"""A small sound folder of a routed overlay as text."""

from __future__ import annotations

from pathlib import Path

SITES = """\
site,region,latitude_deg,longitude_deg,nic_mbps,cost_per_mbps
fra,eu,50.1,8.7,10000,1
lon,eu,51.5,-0.1,,1.5
nyc,us,40.7,-74.0,8000,2
"""
LINKS = """\
source,target,latency_ms,jitter_ms,loss_ratio,capacity_mbps,cost_per_mbps
fra,lon,7.5,0.25,0.0001,1000,1
lon,fra,7.5,0.25,0.0001,1000,1
lon,nyc,35,1.5,,,3
nyc,lon,,,,,3
"""
ACCESS = """\
group,site,latency_ms,jitter_ms,loss_ratio
fra>lon>nyc,fra,4,0.5,0.001
fra>lon>nyc,lon,9,0.75,0.002
lon>fra,lon,3,,
alone,nyc,,,
lon>fra,fra,8.5,1,0
"""
PREFIXES = """\
prefix,group
192.0.2.0/24,fra>lon>nyc
198.51.100.0/24,lon>fra
203.0.113.0/24,
2001:db8::/48,lon>fra
10.0.0.0/8,NaN
"""
DIRECT = """\
source_group,target_group,latency_ms,jitter_ms,loss_ratio
fra>lon>nyc,lon>fra,12,2,0.01
lon>fra,fra>lon>nyc,13,,
"""
DEMANDS = """\
source_group,target_group,service_class,demand_mbps
fra>lon>nyc,lon>fra,premium,25
fra>lon>nyc,lon>fra,bulk,
lon>fra,lon>fra,bulk,3.5
"""
SERVICE_CLASSES = """\
service_class,priority,latency_ms,jitter_ms,loss_ratio
premium,1,200,40,0.1
bulk,0,400,,
"""
ROUTING_FILES = {
    "sites": SITES,
    "links": LINKS,
    "access": ACCESS,
    "service_classes": SERVICE_CLASSES,
    "prefixes": PREFIXES,
    "direct": DIRECT,
    "demands": DEMANDS,
}


def write_good_routing(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in ROUTING_FILES.items():
        (folder / f"{name}.csv").write_text(text)
