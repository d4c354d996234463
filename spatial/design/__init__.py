"""Design: from a rig file to its filter matrix."""
