"""Where public clouds really have regions: the places at which an invented overlay puts its sites.

Rounded common knowledge, places to a tenth of a degree. The order is that of a sensible deployment: any first part of
the list serves the world, and the first 34 are about what Panorama (5.1) calls 30+ locations.
"""

from __future__ import annotations

from typing import NamedTuple


class CloudRegion(NamedTuple):
    """One place with a region of at least one public cloud; ``area`` as in :mod:`fairlead.worlds.overlay.metros`."""

    name: str
    area: str
    latitude_deg: float
    longitude_deg: float


CLOUD_REGIONS: tuple[CloudRegion, ...] = (
    CloudRegion("frankfurt", "Western Europe", 50.1, 8.7),
    CloudRegion("singapore", "Southeast Asia", 1.3, 103.8),
    CloudRegion("ashburn", "North America East", 39.0, -77.5),
    CloudRegion("tokyo", "Japan and Korea", 35.7, 139.7),
    CloudRegion("sao-paulo", "South America", -23.6, -46.6),
    CloudRegion("mumbai", "South Asia", 19.1, 72.9),
    CloudRegion("portland", "North America West", 45.6, -121.2),
    CloudRegion("johannesburg", "East and Southern Africa", -26.2, 28.0),
    CloudRegion("sydney", "Oceania", -33.9, 151.2),
    CloudRegion("london", "Western Europe", 51.5, -0.1),
    CloudRegion("hong-kong", "East Asia", 22.3, 114.2),
    CloudRegion("dubai", "Middle East", 25.2, 55.3),
    CloudRegion("dallas", "North America Central", 32.8, -96.8),
    CloudRegion("seoul", "Japan and Korea", 37.6, 127.0),
    CloudRegion("santiago", "South America", -33.4, -70.7),
    CloudRegion("paris", "Western Europe", 48.9, 2.4),
    CloudRegion("jakarta", "Southeast Asia", -6.2, 106.8),
    CloudRegion("shanghai", "East Asia", 31.2, 121.5),
    CloudRegion("san-jose", "North America West", 37.3, -121.9),
    CloudRegion("mexico-city", "Central America", 19.4, -99.1),
    CloudRegion("madrid", "Southern Europe", 40.4, -3.7),
    CloudRegion("cape-town", "East and Southern Africa", -33.9, 18.4),
    CloudRegion("delhi", "South Asia", 28.6, 77.2),
    CloudRegion("stockholm", "Northern Europe", 59.3, 18.1),
    CloudRegion("beijing", "East Asia", 39.9, 116.4),
    CloudRegion("bangkok", "Southeast Asia", 13.8, 100.5),
    CloudRegion("toronto", "North America East", 43.7, -79.4),
    CloudRegion("tel-aviv", "Middle East", 32.1, 34.8),
    CloudRegion("milan", "Southern Europe", 45.5, 9.2),
    CloudRegion("warsaw", "Eastern Europe", 52.2, 21.0),
    CloudRegion("los-angeles", "North America West", 34.1, -118.2),
    CloudRegion("osaka", "Japan and Korea", 34.7, 135.5),
    CloudRegion("bahrain", "Middle East", 26.2, 50.6),
    CloudRegion("lagos", "West Africa", 6.5, 3.4),
    CloudRegion("melbourne", "Oceania", -37.8, 145.0),
    CloudRegion("hyderabad", "South Asia", 17.4, 78.5),
    CloudRegion("kuala-lumpur", "Southeast Asia", 3.1, 101.7),
    CloudRegion("dublin", "Western Europe", 53.3, -6.3),
    CloudRegion("columbus", "North America East", 40.0, -83.0),
    CloudRegion("guangzhou", "East Asia", 23.1, 113.3),
    CloudRegion("riyadh", "Middle East", 24.7, 46.7),
    CloudRegion("taipei", "East Asia", 25.0, 121.5),
    CloudRegion("bogota", "South America", 4.7, -74.1),
    CloudRegion("auckland", "Oceania", -36.8, 174.8),
    CloudRegion("zurich", "Western Europe", 47.4, 8.5),
    CloudRegion("chicago", "North America Central", 41.9, -87.6),
    CloudRegion("chennai", "South Asia", 13.1, 80.3),
    CloudRegion("montreal", "North America East", 45.5, -73.6),
    CloudRegion("amsterdam", "Western Europe", 52.4, 4.9),
    CloudRegion("istanbul", "Eastern Europe", 41.0, 29.0),
    CloudRegion("salt-lake-city", "North America West", 40.8, -111.9),
    CloudRegion("doha", "Middle East", 25.3, 51.5),
    CloudRegion("perth", "Oceania", -31.9, 115.9),
    CloudRegion("oslo", "Northern Europe", 59.9, 10.8),
    CloudRegion("queretaro", "Central America", 20.6, -100.4),
    CloudRegion("atlanta", "North America East", 33.7, -84.4),
    CloudRegion("berlin", "Eastern Europe", 52.5, 13.4),
    CloudRegion("chengdu", "East Asia", 30.7, 104.1),
    CloudRegion("helsinki", "Northern Europe", 60.2, 24.9),
    CloudRegion("nairobi", "East and Southern Africa", -1.3, 36.8),
    CloudRegion("phoenix", "North America West", 33.4, -112.1),
    CloudRegion("manila", "Southeast Asia", 14.6, 121.0),
)
"""In the order in which an overlay would open them."""
