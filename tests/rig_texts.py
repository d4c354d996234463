"""Rig files that several tests vary."""

BALL = """\
format = 1
name = "field case"

[listener]
distance_m = 2.0

[enclosure]
shape = "sphere"
radius_m = 0.0875

[[driver]]
name = "front"
channel = 1
azimuth_deg = 0.0
diameter_m = 0.045

[[driver]]
name = "left"
channel = 2
azimuth_deg = 90.0
diameter_m = 0.045

[[driver]]
name = "right"
channel = 3
azimuth_deg = -90.0
diameter_m = 0.045

[design.upmix]
method = "off"
"""

FREE = """\
format = 1
name = "two in free space"

[listener]
distance_m = 2.0

[[driver]]
name = "left"
channel = 1
position_m = { left = 0.08 }

[[driver]]
name = "right"
channel = 2
position_m = { left = -0.08 }
"""

HEADPHONES = """\
format = 1
name = "on the head"
kind = "headphones"
"""


def changed(text: str, old: str, new: str) -> str:
    """The text with its only occurrence of old replaced."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the text"
    return text.replace(old, new)
