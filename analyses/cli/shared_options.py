"""What every command has in common: ``--quiet`` and ``--json``, and the panels of its help."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer

from motiflens.analyses.cli.failure import GONE
from motiflens.analyses.cli.given_text import given_text
from motiflens.analyses.cli.output import speaking

if TYPE_CHECKING:
    from motiflens.models.ranges import Range

# Panel -> the options in it, by the name of the command's parameter; what is named in none stands in "Options".
PANELS: dict[str, tuple[str, ...]] = {
    "Data": (
        *("source", "data", "run", "tf", "length", "labelling", "negatives", "negatives_file", "ratio", "genome"),
        *("signals", "scale_signals", "test", "columns", "offset", "division", "variable", "control", "split"),
        *("cell_type", "cell_types", "bed", "fasta", "locus", "vcf", "mismatch", "only", "maximum", "blacklist"),
        *("chromosomes", "step", "bin_size", "sequences", "background", "count", "windows", "sets", "peaks"),
        *("flat_dnase", "size", "most", "grammar", "scores"),
    ),
    "Model": (
        *("model", "models", "architecture", "kind", "alphabet", "factor", "task", "target", "output", "layer"),
        *(
            "preset",
            "set_",
            "grid",
            "list_settings",
            "init_from",
            "seeds",
            "strands",
            "strand_merge",
            "strands_as_rows",
            "twin",
        ),
        *("twins", "epochs"),
    ),
    "Statistics": (
        *("method", "methods", "look", "baseline", "metric", "thresh", "threshold", "kernel_threshold", "evalue"),
        *("least_prediction", "prediction", "dist", "distance", "fdr", "similarity", "shuffles", "shuffled"),
        *("collapse", "permutations"),
        *(
            "untrained",
            "null",
            "repeats",
            "bootstrap",
            "controls",
            "with_controls",
            "scaling",
            "segments",
            "paper",
        ),
        *("jaspar", "taxon", "targets", "routes", "width", "norc", "engine", "motifs", "motif", "pair", "pairs"),
        *("spacing", "ablate", "attention", "shifts", "matched", "single_features", "seed"),
    ),
    "Machine": (
        *("device", "devices", "nodes", "accelerator", "precision", "batch_size", "processes", "dask", "threads"),
        *("memory", "timeout", "resume"),
    ),
    "Output": (
        *("out", "bed_out", "counts", "annotated", "export", "plot", "top", "figure", "image", "curves", "rows"),
        *("overwrite", "quiet", "as_json"),
    ),
}
# What stands for an option's value, where it is one of a few; COMMAND.OPTION is of one command alone.
CHOICES: dict[str, str] = {
    "split": "test|valid|train|all",
    "evaluate.split": "test|valid|train",
    "compare.split": "test|valid|train",
    "sanity.split": "test|valid|train",
    "kmers.split": "test|valid|train",
    "preset": "paper|small|short",
    "simulate.preset": "small|paper",
    "accelerator": "auto|cpu|cuda|mps",
    "device": "cpu|cuda|mps",
    "dist": "ed|pearson",
    "distance": "ed|pearson",
    "simulate.distance": "FIRST:LAST",
    "image": "png|svg|pdf",
    "only": "positive|all",
    "attribute.only": "positive|negative|all",
    "labelling": "deepsea|dream|overlap|centered",
    "negatives": "dinucleotide|gc|bins|FILE",
    "control": "random_split|shuffled_labels",
    "mismatch": "refuse|skip",
    "strand_merge": "mean|max",
    "scaling": "field|authors",
    "segments": "field|linear",
    "kernel_threshold": "half|zero",
    "interactions.method": "epistasis|attention|attribution",
    "attribute.baseline": "shuffle|gc|zeros",
    "attribute.precision": "float32|float16",
    "train.precision": "32-true|16-mixed|bf16-mixed",
    "scan.engine": "ours|meme|memelite",
    "match.engine": "ours|memelite",
    "scan.background": "uniform|nrdb|motifs|sequences|FILE",
    "marginalize.background": "shuffle|given|random",
    "kind": "deepgrn|factornet|deepbind|lsgkm|keras|torch",
    "grammar": "and|order|not|or",
    "set_": "KEY=VALUE",
    "grid": "KEY=VALUE,…",
    "plot": "CHR:START-END",
    "locus": "CHR:START-END",
    "attribute.pairs": "START-END",
    "division": "SHARE,SHARE,SHARE",
    "spacing": "FIRST:LAST[:STEP]",
}
# What stands for a value of some type.
TYPES: dict[str, str] = {"str": "TEXT", "Path": "PATH", "int": "INTEGER", "float": "NUMBER", "bool": " "}
# Other spellings of an option, which no help shows: parameter -> spellings.
ALIASES: dict[str, tuple[str, ...]] = {
    "thresh": ("--threshold",),
    "task": ("--target",),
    "dist": ("--distance",),
    "maximum": ("--max",),
}
_BOUND = 100_000  # a largest value that is larger is no news
_PANEL_OF = {name: panel for panel, names in PANELS.items() for name in names}

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that motiflens did not write.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else.")]


def shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--quiet`` and ``--json``, and its options their panels and choices.

    Examples
    --------
    >>> def command(seed: int = 0) -> None:
    ...     from motiflens.analyses.cli.output import result
    ...     result({"seed": seed}, "done")
    >>> shared_options(command)(seed=3)
    done
    >>> shared_options(command)(seed=3, quiet=True)
    """
    signature = inspect.signature(command, eval_str=True)
    own = list(signature.parameters.values())
    owner = command.__module__.rpartition(".")[2]
    for parameter in own:
        _arrange(parameter, owner)

    aliases = _aliases(own)
    numbers = [parameter for parameter in own if _is_number(parameter)]

    def run(*, quiet: bool = False, as_json: bool = False, **values: Any) -> None:
        for name, alias in aliases:
            other = values.pop(alias.name, None)
            values |= {} if other is None else {name: other}
        _check(numbers, values, owner)
        if isinstance(values.get("device"), str):
            from motiflens.models.evaluate import check_device

            check_device(values["device"], values.get("dask") if owner == "benchmark" else None)
        with speaking(quiet=quiet, as_json=as_json):
            try:
                command(**values)
            except BrokenPipeError as error:  # typer's own code for it is 1
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is flushed at the end
                raise typer.Exit(GONE) from error
            except EOFError as error:  # else taken for the end of what is typed
                raise ValueError(f"a file ends too early ({error})") from error

    keyword = inspect.Parameter.KEYWORD_ONLY
    added = [
        inspect.Parameter("quiet", keyword, default=False, annotation=Quiet),
        inspect.Parameter("as_json", keyword, default=False, annotation=Json),
    ]
    added = [parameter for parameter in added if parameter.name not in signature.parameters]
    for parameter in (*added, *(alias for _, alias in aliases)):
        _arrange(parameter, owner)
    parameters = [parameter.replace(kind=keyword) for parameter in own]
    parameters += [alias for _, alias in aliases] + added
    run.__doc__, run.__name__, run.__module__ = _flowing(command.__doc__), command.__name__, command.__module__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _flowing(text: str | None) -> str:
    """Return a docstring whose lines end with its paragraphs, so that help breaks them where the screen ends."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _is_number(parameter: inspect.Parameter) -> bool:
    """Tell whether an option's value is a number."""
    kind = get_args(parameter.annotation)[0] if get_origin(parameter.annotation) is Annotated else None
    return bool({int, float} & {kind, *get_args(kind)})


def _check(numbers: list[inspect.Parameter], values: dict[str, Any], owner: str) -> None:
    """Refuse a number out of its range, by the option's name as it is typed, before anything is done."""
    from motiflens.models.option_ranges import option_range
    from motiflens.models.ranges import check_range

    for parameter in numbers:
        spelt = [one for info in _infos(parameter) for one in info.param_decls or () if one.startswith("--")]
        name = spelt[0] if spelt else f"--{parameter.name.replace('_', '-')}"
        check_range(name, values.get(parameter.name), option_range(owner, parameter.name))


def _aliases(own: list[inspect.Parameter]) -> list[tuple[str, inspect.Parameter]]:
    """Return hidden options for other spellings of a command's options, beside the parameter they stand for."""
    spelt = {spelling for parameter in own for info in _infos(parameter) for spelling in info.param_decls or ()}
    spelt |= {f"--{parameter.name.replace('_', '-')}" for parameter in own}
    aliases = []
    for parameter in own:
        for spelling in ALIASES.get(parameter.name, ()):
            if spelling in spelt or not _infos(parameter):
                continue
            kind = get_args(parameter.annotation)[0]
            hidden = Annotated[kind | None, typer.Option(spelling, hidden=True)]  # type: ignore[valid-type]
            name = spelling.strip("-").replace("-", "_")
            alias = inspect.Parameter(
                f"{name}_alias", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hidden
            )
            aliases.append((parameter.name, alias))
    return aliases


def _infos(parameter: inspect.Parameter, *kinds: str) -> list[Any]:
    """Return what an option says of itself."""
    if get_origin(parameter.annotation) is not Annotated:
        return []
    known = kinds or ("OptionInfo",)
    return [info for info in get_args(parameter.annotation)[1:] if type(info).__name__ in known]


def _arrange(parameter: inspect.Parameter, owner: str) -> None:
    """Set panel and metavar of an option, unless it has its own; texts and paths are looked at as typed."""
    for info in _infos(parameter, "OptionInfo", "ArgumentInfo"):
        info.parser = info.parser or given_text(get_args(parameter.annotation)[0], file=not info.dir_okay)
    for info in _infos(parameter):
        info.rich_help_panel = info.rich_help_panel or _PANEL_OF.get(parameter.name)
        choices = CHOICES.get(f"{owner}.{parameter.name}") or CHOICES.get(parameter.name)
        info.metavar = info.metavar or choices or _type_of(parameter, owner)
        if choices and "|" in choices and info.autocompletion is None:
            info.autocompletion = _completion(choices)


def _completion(choices: str) -> Callable[[str], list[str]]:
    """Return what completes a choice that is begun; what is no word of its own (FILE) is left to the typist.

    Examples
    --------
    >>> _completion("uniform|nrdb|FILE")("")
    ['uniform', 'nrdb']
    """
    words = [word for word in choices.split("|") if not word.isupper()]

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


def _type_of(parameter: inspect.Parameter, owner: str) -> str | None:
    """Return a word for an option's value, with its range if it is a number that has one."""
    kind = str(get_args(parameter.annotation)[0]).replace("<class '", "")
    word = next((word for name, word in TYPES.items() if name in kind), None)
    if word is None or not _is_number(parameter):
        return word
    from motiflens.models.option_ranges import option_range

    try:
        return f"{word} {shown_range(option_range(owner, parameter.name))}"
    except LookupError:  # a command of a plugin or a test
        return word


def shown_range(range_: Range) -> str:
    """Return a range as help shows it; bounds that only guard against slips are left out.

    Examples
    --------
    >>> from motiflens.models.ranges import COUNT, DROPOUT, SHARE
    >>> shown_range(COUNT), shown_range(SHARE), shown_range(DROPOUT)
    ('≥ 1', '0…1', '≥ 0, < 1')
    """
    low = f"{'>' if range_.above else '≥'} {range_.low:g}"
    if isinstance(range_.high, str) or range_.high >= _BOUND:
        return low
    if not range_.above and not range_.below:
        return f"{range_.low:g}…{range_.high:g}"
    return f"{low}, {'<' if range_.below else '≤'} {range_.high:g}"
