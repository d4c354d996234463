"""Acoustics: how every driver of a rig reaches ears and far-away directions."""
