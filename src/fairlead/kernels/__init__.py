"""Arrays in, arrays out: each numerical idea once. Nothing here knows what a network is."""
