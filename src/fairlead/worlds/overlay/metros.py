"""Metropolitan areas of the world: where the users of an invented overlay live.

Rounded common knowledge: places to a tenth of a degree or so, populations of the urban area in millions. They give an
invented network the world's shape; they are no statistics to quote.
"""

from __future__ import annotations

from typing import NamedTuple


class Metro(NamedTuple):
    """One metropolitan area; ``code`` begins the names of its data centers, ``area`` groups it with its neighbours."""

    code: str
    name: str
    country: str
    area: str
    latitude_deg: float
    longitude_deg: float
    population_millions: float


_ROWS: dict[str, tuple[tuple[str, str, str, float, float, float], ...]] = {
    "Western Europe": (
        ("lon", "London", "United Kingdom", 51.5, -0.1, 14.0),
        ("par", "Paris", "France", 48.9, 2.4, 12.0),
        ("ams", "Amsterdam", "Netherlands", 52.4, 4.9, 2.8),
        ("bru", "Brussels", "Belgium", 50.8, 4.4, 2.1),
        ("fra", "Frankfurt", "Germany", 50.1, 8.7, 2.7),
        ("dus", "Rhine-Ruhr", "Germany", 51.4, 7.0, 10.5),
        ("mun", "Munich", "Germany", 48.1, 11.6, 2.9),
        ("zur", "Zurich", "Switzerland", 47.4, 8.5, 1.5),
        ("dub", "Dublin", "Ireland", 53.3, -6.3, 1.7),
        ("man", "Manchester", "United Kingdom", 53.5, -2.2, 2.8),
    ),
    "Northern Europe": (
        ("sto", "Stockholm", "Sweden", 59.3, 18.1, 2.4),
        ("cph", "Copenhagen", "Denmark", 55.7, 12.6, 2.1),
        ("osl", "Oslo", "Norway", 59.9, 10.8, 1.5),
        ("hel", "Helsinki", "Finland", 60.2, 24.9, 1.5),
        ("ham", "Hamburg", "Germany", 53.6, 10.0, 2.5),
    ),
    "Southern Europe": (
        ("mad", "Madrid", "Spain", 40.4, -3.7, 6.7),
        ("bcn", "Barcelona", "Spain", 41.4, 2.2, 5.0),
        ("lis", "Lisbon", "Portugal", 38.7, -9.1, 2.9),
        ("mil", "Milan", "Italy", 45.5, 9.2, 5.0),
        ("rom", "Rome", "Italy", 41.9, 12.5, 4.3),
        ("ath", "Athens", "Greece", 38.0, 23.7, 3.5),
        ("mrs", "Marseille", "France", 43.3, 5.4, 1.7),
    ),
    "Eastern Europe": (
        ("war", "Warsaw", "Poland", 52.2, 21.0, 3.1),
        ("ber", "Berlin", "Germany", 52.5, 13.4, 4.5),
        ("prg", "Prague", "Czechia", 50.1, 14.4, 2.2),
        ("vie", "Vienna", "Austria", 48.2, 16.4, 2.4),
        ("bud", "Budapest", "Hungary", 47.5, 19.0, 2.5),
        ("buh", "Bucharest", "Romania", 44.4, 26.1, 2.2),
        ("kyi", "Kyiv", "Ukraine", 50.5, 30.5, 3.0),
        ("ist", "Istanbul", "Turkey", 41.0, 29.0, 15.5),
    ),
    "Middle East": (
        ("dxb", "Dubai", "United Arab Emirates", 25.2, 55.3, 5.0),
        ("ruh", "Riyadh", "Saudi Arabia", 24.7, 46.7, 7.5),
        ("tlv", "Tel Aviv", "Israel", 32.1, 34.8, 4.2),
        ("bgw", "Baghdad", "Iraq", 33.3, 44.4, 7.5),
        ("amm", "Amman", "Jordan", 31.9, 35.9, 4.0),
    ),
    "North Africa": (
        ("cai", "Cairo", "Egypt", 30.0, 31.2, 21.0),
        ("cas", "Casablanca", "Morocco", 33.6, -7.6, 4.0),
        ("alg", "Algiers", "Algeria", 36.8, 3.1, 3.5),
        ("tun", "Tunis", "Tunisia", 36.8, 10.2, 2.5),
    ),
    "West Africa": (
        ("los", "Lagos", "Nigeria", 6.5, 3.4, 15.5),
        ("acc", "Accra", "Ghana", 5.6, -0.2, 4.0),
        ("abj", "Abidjan", "Ivory Coast", 5.3, -4.0, 5.5),
        ("dkr", "Dakar", "Senegal", 14.7, -17.4, 3.5),
    ),
    "East and Southern Africa": (
        ("nbo", "Nairobi", "Kenya", -1.3, 36.8, 5.5),
        ("add", "Addis Ababa", "Ethiopia", 9.0, 38.7, 5.5),
        ("jnb", "Johannesburg", "South Africa", -26.2, 28.0, 10.0),
        ("cpt", "Cape Town", "South Africa", -33.9, 18.4, 4.8),
        ("lad", "Luanda", "Angola", -8.8, 13.2, 9.0),
    ),
    "South Asia": (
        ("del", "Delhi", "India", 28.6, 77.2, 32.0),
        ("bom", "Mumbai", "India", 19.1, 72.9, 21.5),
        ("blr", "Bangalore", "India", 13.0, 77.6, 13.5),
        ("maa", "Chennai", "India", 13.1, 80.3, 11.8),
        ("hyd", "Hyderabad", "India", 17.4, 78.5, 10.8),
        ("ccu", "Kolkata", "India", 22.6, 88.4, 15.3),
        ("dac", "Dhaka", "Bangladesh", 23.8, 90.4, 23.0),
        ("khi", "Karachi", "Pakistan", 24.9, 67.0, 17.0),
        ("lhe", "Lahore", "Pakistan", 31.5, 74.3, 13.5),
        ("cmb", "Colombo", "Sri Lanka", 6.9, 79.9, 2.5),
    ),
    "Southeast Asia": (
        ("sin", "Singapore", "Singapore", 1.3, 103.8, 6.0),
        ("jkt", "Jakarta", "Indonesia", -6.2, 106.8, 33.0),
        ("kul", "Kuala Lumpur", "Malaysia", 3.1, 101.7, 8.5),
        ("bkk", "Bangkok", "Thailand", 13.8, 100.5, 17.0),
        ("mnl", "Manila", "Philippines", 14.6, 121.0, 25.0),
        ("sgn", "Ho Chi Minh City", "Vietnam", 10.8, 106.7, 13.5),
        ("han", "Hanoi", "Vietnam", 21.0, 105.8, 8.5),
    ),
    "East Asia": (
        ("sha", "Shanghai", "China", 31.2, 121.5, 28.0),
        ("bjs", "Beijing", "China", 39.9, 116.4, 21.5),
        ("can", "Guangzhou", "China", 23.1, 113.3, 19.0),
        ("szx", "Shenzhen", "China", 22.5, 114.1, 17.5),
        ("ctu", "Chengdu", "China", 30.7, 104.1, 16.0),
        ("wuh", "Wuhan", "China", 30.6, 114.3, 11.0),
        ("hkg", "Hong Kong", "China", 22.3, 114.2, 7.5),
        ("tpe", "Taipei", "Taiwan", 25.0, 121.5, 7.0),
    ),
    "Japan and Korea": (
        ("tyo", "Tokyo", "Japan", 35.7, 139.7, 37.0),
        ("osa", "Osaka", "Japan", 34.7, 135.5, 19.0),
        ("ngo", "Nagoya", "Japan", 35.2, 136.9, 9.5),
        ("sel", "Seoul", "South Korea", 37.6, 127.0, 25.5),
        ("pus", "Busan", "South Korea", 35.2, 129.1, 3.4),
    ),
    "Oceania": (
        ("syd", "Sydney", "Australia", -33.9, 151.2, 5.3),
        ("mel", "Melbourne", "Australia", -37.8, 145.0, 5.1),
        ("bne", "Brisbane", "Australia", -27.5, 153.0, 2.6),
        ("per", "Perth", "Australia", -31.9, 115.9, 2.1),
        ("akl", "Auckland", "New Zealand", -36.8, 174.8, 1.7),
    ),
    "North America East": (
        ("nyc", "New York", "United States", 40.7, -74.0, 20.0),
        ("was", "Washington", "United States", 38.9, -77.0, 6.3),
        ("bos", "Boston", "United States", 42.4, -71.1, 4.9),
        ("phl", "Philadelphia", "United States", 40.0, -75.2, 6.2),
        ("atl", "Atlanta", "United States", 33.7, -84.4, 6.2),
        ("mia", "Miami", "United States", 25.8, -80.2, 6.2),
        ("yto", "Toronto", "Canada", 43.7, -79.4, 6.7),
        ("ymq", "Montreal", "Canada", 45.5, -73.6, 4.4),
    ),
    "North America Central": (
        ("chi", "Chicago", "United States", 41.9, -87.6, 9.4),
        ("dal", "Dallas", "United States", 32.8, -96.8, 7.9),
        ("hou", "Houston", "United States", 29.8, -95.4, 7.3),
        ("msp", "Minneapolis", "United States", 45.0, -93.3, 3.7),
        ("den", "Denver", "United States", 39.7, -105.0, 3.0),
    ),
    "North America West": (
        ("lax", "Los Angeles", "United States", 34.1, -118.2, 13.0),
        ("sfo", "San Francisco", "United States", 37.8, -122.4, 6.5),
        ("sea", "Seattle", "United States", 47.6, -122.3, 4.0),
        ("phx", "Phoenix", "United States", 33.4, -112.1, 5.0),
        ("yvr", "Vancouver", "Canada", 49.3, -123.1, 2.7),
    ),
    "Central America": (
        ("mex", "Mexico City", "Mexico", 19.4, -99.1, 22.0),
        ("gdl", "Guadalajara", "Mexico", 20.7, -103.3, 5.3),
        ("mty", "Monterrey", "Mexico", 25.7, -100.3, 5.3),
        ("gua", "Guatemala City", "Guatemala", 14.6, -90.5, 3.0),
        ("pty", "Panama City", "Panama", 9.0, -79.5, 2.0),
    ),
    "South America": (
        ("sao", "Sao Paulo", "Brazil", -23.6, -46.6, 22.5),
        ("rio", "Rio de Janeiro", "Brazil", -22.9, -43.2, 13.5),
        ("for", "Fortaleza", "Brazil", -3.7, -38.5, 4.1),
        ("bue", "Buenos Aires", "Argentina", -34.6, -58.4, 15.5),
        ("scl", "Santiago", "Chile", -33.4, -70.7, 6.9),
        ("lim", "Lima", "Peru", -12.0, -77.0, 11.2),
        ("bog", "Bogota", "Colombia", 4.7, -74.1, 11.5),
    ),
}

METROS: tuple[Metro, ...] = tuple(
    Metro(code, name, country, area, latitude, longitude, population)
    for area, rows in _ROWS.items()
    for code, name, country, latitude, longitude, population in rows
)
"""Every metropolitan area, neighbours of one area together."""
