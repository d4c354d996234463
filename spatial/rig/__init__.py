"""The rig: what an engineer writes down about a loudspeaker, read and checked."""
