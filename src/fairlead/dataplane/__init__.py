"""Source-route header, forwarder, fast reroute, client SDK; imports the model only. Empty until the route room."""
