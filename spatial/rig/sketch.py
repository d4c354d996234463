"""A plan view in characters: the rig as the listener sees it from above, listener below, listener's left on the left."""

from __future__ import annotations

import numpy as np

from spatial.rig.geometry import head_centre, places
from spatial.rig.model import Rig, Scene

HALF_COLUMNS = 28
MOST_ROWS = 9
CELL_ASPECT = 2.0
"""A character is about twice as high as it is wide."""


def sketch(rig: Rig, scene: Scene) -> list[str]:
    """Lines of a plan view.

    Channel numbers stand where the drivers are, with the outline of a ball or cylinder, the plane of a baffle, "+" at the origin and
    "o" for the head. The rig is drawn to its own scale, the listener only in the right direction; the distance is written beside.

    Parameters
    ----------
    rig : Rig
    scene : Scene
    """
    canvas = _Canvas(rig)
    left, right = "listener's left", "listener's right"
    lines = [left + right.rjust(2 * HALF_COLUMNS + 1 - len(left)), *canvas.rows()]
    centre = head_centre(scene.listener)
    column = canvas.column(float(centre[1]))
    lines += [" " * HALF_COLUMNS + ":", " " * column + f"o   listener, {listener_in_words(scene)}"]
    return [line.rstrip() for line in lines]


def listener_in_words(scene: Scene) -> str:
    """ "2.00 m in front, 0.30 m to the left, nose turned 5 deg to the right"."""
    listener = scene.listener
    words = [f"{listener.distance_m:.2f} m in front"]
    if listener.left_m:
        words.append(f"{abs(listener.left_m):.2f} m to the {_side(listener.left_m)}")
    if listener.up_m:
        words.append(f"{abs(listener.up_m):.2f} m {'up' if listener.up_m > 0 else 'down'}")
    if listener.yaw_deg:
        words.append(f"nose turned {abs(listener.yaw_deg):g} deg to the {_side(listener.yaw_deg)}")
    return ", ".join(words)


def _side(value: float) -> str:
    return "left" if value > 0 else "right"


class _Canvas:
    """Character cells over the rig's plan, front downwards."""

    def __init__(self, rig: Rig) -> None:
        where = places(rig)
        self.radius = rig.enclosure.radius_m or 0.0
        reach = max(float(np.abs(where[:, 1]).max()), self.radius, 0.01)
        back = min(float(where[:, 0].min()), 0.0, -self.radius)
        front = max(float(where[:, 0].max()), 0.0, self.radius)
        self.cell_m = max(reach / (HALF_COLUMNS - 2), (front - back) / (CELL_ASPECT * (MOST_ROWS - 1)))
        self.back = back
        self.cells = [[" "] * (2 * HALF_COLUMNS + 1) for _ in range(self.row(front) + 1)]
        for angle in np.radians(np.arange(0, 360, 12)) if self.radius else ():
            self.put(self.radius * float(np.cos(angle)), self.radius * float(np.sin(angle)), ".")
        if rig.enclosure.shape == "baffle":
            self.cells[self.row(0.0)] = ["="] * len(self.cells[0])
        self.put(0.0, 0.0, "+")
        for driver, (ahead, left, _) in zip(rig.drivers, where, strict=True):
            self.put(float(ahead), float(left), str(driver.channel))

    def column(self, left: float) -> int:
        return int(np.clip(HALF_COLUMNS - round(left / self.cell_m), 0, 2 * HALF_COLUMNS))

    def row(self, front: float) -> int:
        return round((front - self.back) / (CELL_ASPECT * self.cell_m))

    def put(self, front: float, left: float, text: str) -> None:
        start = min(self.column(left), 2 * HALF_COLUMNS + 1 - len(text))
        self.cells[self.row(front)][start : start + len(text)] = text

    def rows(self) -> list[str]:
        return ["".join(row) for row in self.cells]
