"""A rig seen in a mirror, and one order of drivers for all rigs that are alike.

What the right side does on a rig, the left side does on its mirror image. Designs work on one of the two, with the drivers in one order,
so that mirrored rigs get mirrored filters to the last bit and not only to rounding.
"""

from __future__ import annotations

import dataclasses

from spatial.rig.model import Driver, Facing, Place, Rig, RigFile, TimbreDrivers

DIGITS = 9  # of places and angles that a design tells apart


def mirrored(rig: Rig) -> Rig:
    """The rig with left and right exchanged; drivers keep their index and name."""
    return dataclasses.replace(rig, drivers=tuple(_mirrored_driver(d) for d in rig.drivers))


def mirrored_file(rig_file: RigFile) -> RigFile:
    """Rig, listener and the timbre drivers of the sides with left and right exchanged."""
    listener, crosstalk = rig_file.scene.listener, rig_file.design.crosstalk
    timbre = dataclasses.replace(crosstalk.timbre_drivers, left=crosstalk.timbre_drivers.right, right=crosstalk.timbre_drivers.left)
    return dataclasses.replace(
        rig_file,
        rig=mirrored(rig_file.rig),
        scene=dataclasses.replace(
            rig_file.scene, listener=dataclasses.replace(listener, left_m=0.0 - listener.left_m, yaw_deg=0.0 - listener.yaw_deg)
        ),
        design=dataclasses.replace(rig_file.design, crosstalk=dataclasses.replace(crosstalk, timbre_drivers=timbre)),
    )


def driver_order(rig: Rig) -> tuple[int, ...]:
    """Indices of the drivers by place, the same for rigs that differ only in the order of their files."""
    return tuple(sorted(range(len(rig.drivers)), key=lambda i: _place(rig.drivers[i])))


def in_order(rig_file: RigFile, order: tuple[int, ...]) -> RigFile:
    """The same rig with its drivers in another order.

    Parameters
    ----------
    rig_file : RigFile
    order : tuple of int
        Indices of the drivers, each once.
    """
    drivers = tuple(rig_file.rig.drivers[i] for i in order)
    return dataclasses.replace(rig_file, rig=dataclasses.replace(rig_file.rig, drivers=drivers))


def rounded(rig: Rig) -> Rig:
    """The rig with places and angles rounded to a billionth of a metre or degree.

    What is alike but for the rounding of a sine is then alike to the last bit: searches that go from step to step by comparing numbers
    take the same way on a ring and on the same ring turned by one driver.
    """
    return dataclasses.replace(rig, drivers=tuple(_rounded_driver(d) for d in rig.drivers))


def _rounded_driver(driver: Driver) -> Driver:
    def near(value: float) -> float:
        return round(value, DIGITS) + 0.0

    where, facing = driver.position_m, driver.facing_deg
    return dataclasses.replace(
        driver,
        azimuth_deg=None if driver.azimuth_deg is None else near(driver.azimuth_deg),
        elevation_deg=near(driver.elevation_deg),
        up_m=near(driver.up_m),
        position_m=None if where is None else Place(near(where.front), near(where.left), near(where.up)),
        facing_deg=None if facing is None else Facing(near(facing.azimuth), near(facing.elevation)),
    )


def upright_file(rig_file: RigFile) -> RigFile:
    """Rig and listener or their mirror image, the same one for both."""
    image = mirrored_file(rig_file)

    def places(file: RigFile) -> tuple[list[tuple[float, float, float]], float]:
        return sorted(_place(d) for d in file.rig.drivers), file.scene.listener.left_m

    return image if places(image) < places(rig_file) else rig_file


def partners(rig_file: RigFile) -> tuple[int, ...] | None:
    """For each driver the one that mirrors it, where rig, listener and design are their own mirror image; else None."""
    rig, listener, crosstalk = rig_file.rig, rig_file.scene.listener, rig_file.design.crosstalk
    if listener.left_m != 0 or listener.yaw_deg not in (0.0, 180.0) or crosstalk.timbre_drivers != TimbreDrivers():
        return None
    image = [_unnamed(driver) for driver in mirrored(rig).drivers]
    found = []
    for driver in rig.drivers:
        alike = [i for i, other in enumerate(image) if other == _unnamed(driver)]
        if len(alike) != 1 or (driver.name in (crosstalk.drivers or ())) != (rig.drivers[alike[0]].name in (crosstalk.drivers or ())):
            return None
        found.append(alike[0])
    return tuple(found)


def _unnamed(driver: Driver) -> Driver:
    return dataclasses.replace(driver, name="", channel=1)


def _place(driver: Driver) -> tuple[float, float, float]:
    where = driver.position_m or Place()
    return (where.front, where.left, where.up)


def _mirrored_driver(driver: Driver) -> Driver:
    where, facing = driver.position_m, driver.facing_deg
    return dataclasses.replace(
        driver,
        azimuth_deg=None if driver.azimuth_deg is None else _negative_deg(driver.azimuth_deg),
        position_m=None if where is None else dataclasses.replace(where, left=0.0 - where.left),
        facing_deg=None if facing is None else dataclasses.replace(facing, azimuth=_negative_deg(facing.azimuth)),
    )


def _negative_deg(azimuth_deg: float) -> float:
    return 180.0 if azimuth_deg == 180.0 else 0.0 - azimuth_deg
