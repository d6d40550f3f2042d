"""What README shows in its one picture: attention beside chance, and which maps show a rule that a model holds.

Run: python benchmarks/readme_picture.py

Puts two committed figures side by side, and writes benchmarks/results/readme.png.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

RESULTS = Path(__file__).resolve().parent / "results"
FIGURES = ("chip_nulls.png", "benchmark_small/heat_rule_context.png")
HEIGHT, BETWEEN = 760, 60  # pixels


def main() -> None:
    """Read, scale to one height, paste, write."""
    images = [Image.open(RESULTS / name).convert("RGB") for name in FIGURES]
    scaled = [image.resize((round(image.width * HEIGHT / image.height), HEIGHT)) for image in images]
    width = sum(image.width for image in scaled) + BETWEEN * (len(scaled) - 1)
    picture = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for image in scaled:
        picture.paste(image, (left, 0))
        left += image.width + BETWEEN
    picture.save(RESULTS / "readme.png", optimize=True)


if __name__ == "__main__":
    main()
