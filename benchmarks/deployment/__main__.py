"""Measure a deployment: `python -m benchmarks.deployment [hosts|rolling|images …] [--seconds 20]`.

Needs no container; starts its own services. Each measurement writes its section of
docs/benchmarks/deployment.md. Images are left out, with a line, where no engine runs.
"""

import argparse

from benchmarks.deployment import hosts, images, rolling
from benchmarks.deployment.page import write_section
from benchmarks.deployment.stage import services

PARTS = ("hosts", "rolling", "images")
HOSTS = "One, two and three hosts"
ROLLING = "A rolling deployment with migrations"
IMAGES = "Sizes of all images"


def main() -> None:
    """Run what is asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run")
    given = parser.parse_args()
    if "images" in given.parts:
        try:
            write_section(IMAGES, images.measure())
        except images.NoImages as error:
            print(f"images: not measured, {error}")
    if not {"hosts", "rolling"} & set(given.parts):
        return
    with services() as found:
        if "hosts" in given.parts:
            write_section(HOSTS, hosts.measure(found, given.seconds))
        if "rolling" in given.parts:
            write_section(ROLLING, rolling.measure(found, given.seconds))


if __name__ == "__main__":
    main()
