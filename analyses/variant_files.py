"""Files of variant effects: table, annotated VCF, logos of both alleles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from motiflens.models import types
from motiflens.models.data.vcf import Skipped, Variant
from motiflens.models.data.vcf_lines import vcf_lines

INFO = {
    "MLE": ("Float", "effect", "Logit of the allele less logit of REF"),
    "MLP": ("Float", "p", "p-value of the effect against matched random variants"),
    "MLM": ("String", "motif", "Motif whose site the allele changes most"),
    "MLC": ("String", "motif_change", "What becomes of that site"),
}


def write_table(path: types.Path, table: pd.DataFrame) -> None:
    """Write effects as tab-separated text."""
    table.to_csv(path, sep="\t", index=False, float_format="%.6g", na_rep="NA")


def write_skipped(path: types.Path, skipped: Sequence[Skipped]) -> None:
    """Write the alleles that were left out, with the reason, as tab-separated text."""
    frame = pd.DataFrame(skipped, columns=["line", "chrom", "pos", "id", "ref", "alt", "reason"])
    frame.to_csv(path, sep="\t", index=False)


def write_annotated(
    vcf: types.Path, out: types.Path, variants: Sequence[Variant], table: pd.DataFrame, task: str
) -> None:
    """Write a VCF file again with the effects in its INFO column, one value an allele, ``.`` where there is none.

    Parameters
    ----------
    vcf
        The file that `variants` were read from.
    out
        Where to write plain text.
    table
        One row a variant; see `variant_effects`.
    task
        Name of the output, for the header.
    """
    keys = {key: about for key, about in INFO.items() if about[1] in table}
    rows: dict[int, dict[int, int]] = {}
    for row, variant in enumerate(variants):
        rows.setdefault(variant.line, {})[variant.allele] = row
    columns = {key: table[column].tolist() for key, (_, column, _) in keys.items()}
    header = "".join(
        f'##INFO=<ID={key},Number=A,Type={kind},Description="{text} ({task}), by motiflens">\n'
        for key, (kind, _, text) in keys.items()
    )
    with Path(out).open("w", encoding="utf-8", newline="") as file:
        told = False
        for line, text in vcf_lines(vcf):
            if text.startswith("##"):
                file.write(text + "\n")
                continue
            if not told:
                file.write(header)
                told = True
            if text.startswith("#"):
                file.write(text + "\n")
                continue
            file.write(_annotated(text, rows.get(line, {}), columns) + "\n")


def _annotated(text: str, rows: dict[int, int], columns: dict[str, list[object]]) -> str:
    fields = text.split("\t")
    fields += ["."] * (8 - len(fields))
    alleles = range(1, fields[4].count(",") + 2)
    values = []
    for key, column in columns.items():
        shown = [_shown(column[rows[allele]]) if allele in rows else "." for allele in alleles]
        if any(value != "." for value in shown):
            values.append(f"{key}={','.join(shown)}")
    if values:
        before = [] if fields[7] in (".", "") else [fields[7]]
        fields[7] = ";".join(before + values)
    return "\t".join(fields)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if value == value else "."
    return str(value).replace(" ", "_").replace(";", "_").replace(",", "_").replace("=", "_") or "."


def image_name(variant: Variant) -> Path:
    """Name of a variant's picture, without its ending."""
    return Path(f"{variant.name}_{variant.position + 1}_{variant.ref[:10]}_{variant.alt[:10]}".replace("/", "_"))
