"""The listening zone of shipped rigs at nine seats, in free field and in a room.

Cancellation alone, beam alone, the L/R/C chain, plain stereo and a real pair.

python benchmarks/listening_zone.py [ball3 bar8 ...] [--seats]

Spread: largest less smallest level of a centre source across three seats 0.6 m apart, at the worst of 1.2, 2 and 3 m (power at both ears,
pink, 315 Hz-8 kHz). Width: interaural time difference of hard left less that of hard right at the middle seats (lag of the interaural
cross-correlation, 300-1500 Hz). Centre off: largest time difference of a centre source at the side seats. The room is the rig's, else
5.2 x 4.1 x 2.5 m with 0.45 s. Exit 1 where the chain does not beat cancellation alone on spread and beam alone on width.
"""

from __future__ import annotations

import argparse

from spatial.analysis.listening_zone import Zone, listening_zone, playbacks
from spatial.design.filter_bank import compute_filters
from spatial.rig.load import load_rig
from spatial.rig.model import Room


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rigs", nargs="*", default=["ball3", "bar8"], help="rig files or shipped rigs (ball3 bar8)")
    parser.add_argument("--seats", action="store_true", help="every seat as well")
    args = parser.parse_args()
    short = False
    for name in args.rigs:
        rig_file = load_rig(name)
        bank = compute_filters(rig_file)
        for where, room in (("free field", None), ("room", rig_file.scene.room or Room())):
            zones: dict[str, Zone] = {}
            for playback in playbacks(bank, rig_file):
                zones |= listening_zone(playback, rig_file, room)
            print_zones(f"{name}, {where}", zones, args.seats)
            chain = zones["L/R/C chain"]
            short |= chain.spread_db >= zones["cancellation alone"].spread_db or chain.width_us <= zones["beam alone"].width_us
    raise SystemExit(int(short))


def print_zones(title: str, zones: dict[str, Zone], seats: bool) -> None:
    """One row a way of playing."""
    print(f"\n| {title} | spread dB | width us | centre off us | seats in order |\n|---|---|---|---|---|")
    for name, zone in zones.items():
        print(f"| {name} | {zone.spread_db:.1f} | {zone.width_us:.0f} | {zone.centre_off_us:.0f} | {zone.seats_in_order} of 9 |")
    if not seats:
        return
    print("\n| seat | " + " | ".join(f"{name}: level dB, ITD us of centre, left, right" for name in zones) + " |")
    print("|---|" + "---|" * len(zones))
    for i, seat in enumerate(next(iter(zones.values())).seats):
        cells = [
            f"{s.level_db:.1f}, {s.itd_centre_us:.0f}, {s.itd_left_us:.0f}, {s.itd_right_us:.0f}"
            for s in (zone.seats[i] for zone in zones.values())
        ]
        print(f"| {seat.distance_m:g} m, {seat.left_m:+.1f} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
