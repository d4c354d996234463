"""Pictures: data in, axes in, axes out. Nothing here knows a rig or a bank; titles and captions come from the caller."""
