"""The only door in: files and records -> columns -> windows -> Snapshot. Everything is checked here, once.

folder, routing, fabric   the tables of a relay overlay, a routed one and a datacenter; what most callers need
fabric_json           a datacenter in one JSON file
listing, network_settings   which file holds which table; network.toml
csv_bytes, csv_shape, csv_sheet  text, quotes, header and shape of a CSV file, and the way back to line and column
parquet_sheet         the types of a Parquet file
numbers, texts, moments, references   columns -> arrays, by kind
rules, routing_rules, fabric_rules  keys, and what must hold between cells
offence, sheet        what is wrong with a cell; the first of all becomes the one-line error
reader, writer        any tables, from their declarations
records, windows      raw stream records -> windows; keeping and taking in windows
probes, atlas         records of measurements on segments and paths: files, RIPE Atlas results
atlas_ends, flows     what Atlas probes and addresses stand for; demand between prefixes
estimates             such records -> robust figures per window, pair of ends and path (Panorama 3.1)
group_estimates       prefixes -> user groups; the field of prefixes and sites that groups are made from
path_segments, tomography   paths -> segments, and what segments that nobody measured contribute
measured_map          estimates -> the tables links, access and direct
"""

from fairlead.telemetry.atlas import AtlasRecords, read_atlas
from fairlead.telemetry.estimates import EstimateRule, LinkEstimates, RoundTrip, link_estimates, newest
from fairlead.telemetry.fabric import FABRIC_TABLES, read_fabric, write_fabric
from fairlead.telemetry.fabric_json import read_fabric_json
from fairlead.telemetry.folder import OVERLAY_TABLES, read_network, write_network
from fairlead.telemetry.group_estimates import SiteField, group_estimates, site_field
from fairlead.telemetry.measured_map import MeasuredMap, measured_map
from fairlead.telemetry.probes import Probes, read_probes
from fairlead.telemetry.records import WINDOW_S, StreamRecords, WindowedStreams, windowed_streams
from fairlead.telemetry.routing import ROUTING_TABLES, read_routing, read_unmeasured, write_routing
from fairlead.telemetry.windows import last_windows, with_windows

__all__ = [
    "FABRIC_TABLES",
    "OVERLAY_TABLES",
    "ROUTING_TABLES",
    "WINDOW_S",
    "AtlasRecords",
    "EstimateRule",
    "LinkEstimates",
    "MeasuredMap",
    "Probes",
    "RoundTrip",
    "SiteField",
    "StreamRecords",
    "WindowedStreams",
    "group_estimates",
    "last_windows",
    "link_estimates",
    "measured_map",
    "newest",
    "read_atlas",
    "read_fabric",
    "read_fabric_json",
    "read_network",
    "read_probes",
    "read_routing",
    "read_unmeasured",
    "site_field",
    "windowed_streams",
    "with_windows",
    "write_fabric",
    "write_network",
    "write_routing",
]
