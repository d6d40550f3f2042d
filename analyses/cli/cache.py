"""`interpret cache`: what is kept between runs; list, verify, clear."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    action: Annotated[str, typer.Argument(help="list, verify (and remove what is damaged) or clear.")] = "list",
    kind: Annotated[
        str | None, typer.Argument(help="Of clear: genomes, tracks, deepsea, simulated, runs, …; all by default.")
    ] = None,
) -> None:
    """List, verify or clear what is cached.

    The cache holds unpacked genomes and signals, the built-in data, and trained examples.
    """
    from collections import Counter

    from motiflens.models.cache import cache_folder
    from motiflens.models.cache_file import cache_files, clear_cache, clear_unfinished, verify_cache

    if action not in ("list", "verify", "clear"):
        raise ValueError(f"cache knows no {action!r}: expected list, verify or clear")
    print(cache_folder())
    unfinished = clear_unfinished()
    if unfinished:
        print(f"removed {unfinished} unfinished files of processes that are dead")
    if action == "clear":
        print(f"removed {clear_cache(kind) / 1e6:,.1f} MB")
        return
    if action == "verify":
        damaged = verify_cache()
        for path, problem in damaged:
            print(f"removed {path}: it {problem}")
        print(f"{len(damaged)} files were damaged")
    files, sizes = Counter[str](), Counter[str]()
    for file in cache_files():
        files[file.kind] += 1
        sizes[file.kind] += file.size
    for name in sorted(files):
        print(f"{name:12} {files[name]:7,} files {sizes[name] / 1e6:12,.1f} MB")
