"""Which transcription factor the name of a file, a data set or a task means."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ENDINGS = re.compile(
    r"(\.(gz|bz2|zip|bed|narrowpeak|broadpeak|fa|fasta|fna|seq|txt|tsv|npz|h5|hdf5|mat|bw|bigwig|meme|idr"
    r"|regionpeak|thresh|labels|train|test|valid|bam|sam|cram|tagalign|bedgraph|bdg|bb|bigbed|wig|tdf|xls|csv))+$",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"[(\[{][^)\]}]*[)\]}]?")  # an antibody: (sc-8821), (1277-1)
_SEPARATORS = re.compile(r"[_|.,;@+/\\\s]|(?<!:):(?!:)")
_UCSC = re.compile(
    r"wgEncode(?:AwgTfbs|[A-Z][a-z]+(?:Tfbs|Histone))(?P<lab>Haib|Sydh|Broad|Uchicago|Uta|Uw|Ut|Opentgt|Duke|Yale)?"
    r"(?P<rest>[A-Za-z0-9]+)"
)
# Of UCSC's names, what follows the factor: antibodies, protocols, treatments, controls, kinds of file.
_UCSC_TAIL = re.compile(
    r"(?:sc|ab|a30|v0|nb|m3|mab)\d\w*$|(?<=[a-z0-9])(?:c20|n19|k20|m33)$|(?:Uni)?Pk(?:Rep\d)?(?:V\d)?$|Pcr[12]x$|V\d{7}$"
    r"|Igg(?:rab|mus|rat)$|Std$|Ucd$|Bu$|Aln\w*$|Ifn[ag]\w*$|Forskln$|Insln$|Pravast$|Tnfa$|Etoh\d*$|Dex\w*$"
    r"|Est\w*$|Control\w*$"
)
_ACCESSION = re.compile(r"(ENC(FF|SR|AB|BS|DO|LB)\w+|GS[EM]\d+|[SED]R[RXPS]\d+|MA\d{4}|UN\d{4})$", re.IGNORECASE)
_ANTIBODY = re.compile(
    r"([cn]\d\d|sc-?\d{2,}\w*|ab-?\d{3,}\w*|a30\d-?\d\w*|v0\d{6}|nb\d{2,}-?\d*|hpa\d+)$", re.IGNORECASE
)
_NO_NAME = re.compile(
    r"(\d+|\d+(bp|kb|k|m)|rep\d*|isr\d*|(hg|mm|rn|dm|ce|grch|grcm|saccer)\d+|v\d+|(fold|seed|run|task|set|part)\d*)$"
)
_CELL_NAMES = """
a549 ag04449 ag04450 ag09309 ag09319 ag10803 aoaf be2c bj caco2 dnd41 ecc1 fibrobl gliobla gm06990 gm08714
gm10847 gm12801 gm12864 gm12865 gm12872 gm12873 gm12874 gm12875 gm12878 gm12891 gm12892 gm15510 gm18505
gm18526 gm18951 gm19099 gm19193 gm19238 gm19239 gm19240 gm23338 h1 h1hesc h1neurons h7hesc h9 h54 hasp hbmec
hcfaa hcm hcpe hct116 hee hek293 hek293t hela helas3 hepg2 hesc hffmyc hff hl60 hmec hmf hpaf hpf hre hrpe
hsmm hsmmtube huh7 huvec hvmf imr90 induced ips ishikawa jurkat k562 kelly liver lncap ls180 mcf10a
mcf10aersrc mcf7 mel es mm1s monocytescd14 cd14 cd4 cd20 nb4 nha nhdfad nhdfneo nhek nhlf nt2d1 osteobl
panc1 pbde pbdefetal pc3 pfsk1 progfib raji rko rpe rptec saec sh-sy5y shsy5y sknmc sknsh sknshra sw480 t47d
tcell th1 th2 u2os u87 werirb1 wi38 es-bruce4 ch12 g1e hepatic myeloid pancreatic
lymphoid 3t3 3t3l1 786o bjab bmdc bmdm c2c12 c42b e14 er4 esc f9 gmp hap1 hesc hpc7 ipsc j1 kasumi kasumi1 kms11
macrophage macrophages mcf10 mda231 mdamb231 mef mefs mesc molm13 molt4 mv411 nih3t3 npc npcs ramos raw2647 sum159
th17 thp1 treg tregs v65 vcap
"""
_CELLS = frozenset(_CELL_NAMES.split())
_CELL_NUMBERS = re.compile(r"gm\d{5}$")
_OTHER_WORDS = """
3xflag 3xha avi bio biotin egfp flag gfp ha halo v5 yfp
ac all anti any b bed bernstein bound broad broadpeak broadpeaks caltech centered ch12 chip chip-exo chip-seq
chipexo chipseq cnn conservative control crawford danq data dataset deepbind deepgrn deepsea dnase duke
encode example exo factornet farnham fasta final gem gertz global haib harvard hsap hsapiens hudsonalpha
human idr individual input iyer kegru labels mapped merged minus model motif motifs mouse myers narrowpeak
narrowpeaks negative negatives none null opentgt optimal peak peaks plus pooled positive positives project
pval relaxed run runs sample saresnet seq sequence sequences signal sim simulated snyder spp stam stanford
struhl summit summits sydh tasks tbinet test tf tfbs train training transfer uchicago unbound unibind
uniform unipk untreated usc ut-a uta uw valid validation windows with without x y yale yeast zeng
a at best by file files first for from in last length list my new note notes of old on or our pool pools score
scores table the to window word words
jan feb apr may jul aug sep sept nov january february march april june july august september october november
december
"""
_WORDS = frozenset(_OTHER_WORDS.split())
# Words, months and usual abbreviations that are factors' names, too: max_pool, rest_of_windows, jun_2024.
_PLAIN_NAMES = """
ant bin bowl bright cad chop clamp clock cut dec delta dom ear eve fib hairy hex hey ind inv jun ken lab lap lep
luna mad maf mar max mid net nub nuc oct odd pan pit prop rar rel repo rest retn rev rib rin sage sap sens set slug
snail tel tin tiny toy tup twist vis zen
"""
_PLAIN = frozenset(_PLAIN_NAMES.split())
_MONTHS = frozenset(("dec", "jun", "mar", "oct"))
_YEAR = re.compile(r"(19|20)\d\d$")
_DATE = re.compile(r"\d{0,2}(jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(19|20)\d\d$")
# Older names -> the gene's symbol.
_ALIASES = {
    "NRSF": "REST",
    "PU1": "SPI1",
    "P300": "EP300",
    "CMYC": "MYC",
    "CJUN": "JUN",
    "CFOS": "FOS",
    "CETS1": "ETS1",
    "OCT2": "POU2F2",
    "OCT4": "POU5F1",
    "GABP": "GABPA",
    "ERRA": "ESRRA",
    "ERALPHA": "ESR1",
    "ERALPHAA": "ESR1",
    "GR": "NR3C1",
    "AP2ALPHA": "TFAP2A",
    "AP2GAMMA": "TFAP2C",
    "CEBPBETA": "CEBPB",
    "NFKB": "RELA",
    "EGATA": "GATA1",
    "EJUND": "JUND",
    "EJUNB": "JUNB",
    "EFOS": "FOS",
    "TR4": "NR2C2",
    "HNF4": "HNF4A",
    "HNF1": "HNF1A",
    "HNF3A": "FOXA1",
    "HNF3B": "FOXA2",
    "HNF3G": "FOXA3",
    "AML1": "RUNX1",
    "AP1": "JUN",
    "BRN2": "POU3F2",
    "BRACHYURY": "TBXT",
    "CDP": "CUX1",
    "CHOP": "DDIT3",
    "CMAF": "MAF",
    "CMYB": "MYB",
    "COUPTF1": "NR2F1",
    "COUPTF2": "NR2F2",
    "COUPTFI": "NR2F1",
    "COUPTFII": "NR2F2",
    "CREB": "CREB1",
    "CREL": "REL",
    "DEC1": "BHLHE40",
    "E2A": "TCF3",
    "EBF": "EBF1",
    "EKLF": "KLF1",
    "FXR": "NR1H4",
    "HEB": "TCF12",
    "LRH1": "NR5A2",
    "LXRA": "NR1H3",
    "LXRB": "NR1H2",
    "NMYC": "MYCN",
    "NRF2": "NFE2L2",
    "OCT1": "POU2F1",
    "P50": "NFKB1",
    "P53": "TP53",
    "P63": "TP63",
    "P65": "RELA",
    "P73": "TP73",
    "PR": "PGR",
    "RORGT": "RORC",
    "SCL": "TAL1",
    "SF1": "NR5A1",
    "SREBP1": "SREBF1",
    "SREBP2": "SREBF2",
    "TBET": "TBX21",
    "TRALPHA": "THRA",
    "TRBETA": "THRB",
    "USF": "USF1",
    # names of before the symbols, and of families: their members share a motif
    "AREB6": "ZEB1",
    "BACH": "BACH1",
    "BLIMP1": "PRDM1",
    "BMAL1": "ARNTL",
    "BORIS": "CTCFL",
    "CBFA1": "RUNX2",
    "CJUND": "JUND",
    "CREBP1": "ATF2",
    "DELTAEF1": "ZEB1",
    "E2F": "E2F1",
    "EAR2": "NR2F6",
    "EGR": "EGR1",
    "ER": "ESR1",
    "ERM": "ETV5",
    "EVI1": "MECOM",
    "FLI": "FLI1",
    "GATA": "GATA1",
    "GCNF": "NR6A1",
    "HIF1": "HIF1A",
    "HIF2A": "EPAS1",
    "HNF6": "ONECUT1",
    "ICSBP": "IRF8",
    "IKAROS": "IKZF1",
    "IRF": "IRF1",
    "KROX20": "EGR2",
    "LRF": "ZBTB7A",
    "LXR": "NR1H3",
    "MASH1": "ASCL1",
    "MEF2": "MEF2A",
    "NFAT": "NFATC1",
    "NFY": "NFYA",
    "NGFIB": "NR4A1",
    "NGN2": "NEUROG2",
    "NUR77": "NR4A1",
    "NURR1": "NR4A2",
    "OCT6": "POU3F1",
    "P52": "NFKB2",
    "PEA3": "ETV4",
    "PEBP2": "RUNX1",
    "PIT1": "POU1F1",
    "RAR": "RARA",
    "REVERBA": "NR1D1",
    "RXR": "RXRA",
    "SLUG": "SNAI2",
    "SMAD": "SMAD3",
    "SNAIL": "SNAI1",
    "SREBP": "SREBF1",
    "STAT": "STAT1",
    "TCF1": "TCF7",
    "TEL": "ETV6",
    "ZBP89": "ZNF148",
}
_GREEK = str.maketrans({"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "κ": "k"})
_SUBUNIT = re.compile(r"(?<=[A-Z0-9])(ALPHA|BETA|GAMMA|DELTA)$")  # HNF4ALPHA is HNF4A
# Signs that separate words elsewhere, within a name.
_WITHIN = (
    (re.compile(r"(?<![A-Za-z0-9])PU\.1(?![0-9])", re.IGNORECASE), "PU1"),
    (re.compile(r"(?<![A-Za-z0-9])C/EBP", re.IGNORECASE), "CEBP"),
    (re.compile(r"(?<![A-Za-z0-9])NF-?Y(?![A-Za-z0-9])", re.IGNORECASE), "NFY"),
    (re.compile(r"(?<![A-Za-z0-9])NKX(\d)[._](\d)(?![0-9])", re.IGNORECASE), r"NKX\1-\2"),
)


def factor_candidates(name: str, *, stated: bool = False) -> tuple[str, ...]:
    """Return the factors that a name may mean, most likely first.

    Parameters
    ----------
    name
        Of a file (with or without its folder and ending), a data set, a task or an experiment: ``TF_CELL``,
        ``CELL-TF``, ENCODE's and UCSC's names, DeepSEA's ``CELL|TF|TREATMENT``.
    stated
        Whether it was given as the name of a factor or a motif, so that plain words count.

    Returns
    -------
    tuple of str
        Upper-case symbols without hyphens (``USF1``), each once; a part that the name says twice comes first, and
        older names are followed by the symbol (``NRSF``, ``REST``; ``HNF4ALPHA``, ``HNF4A``); last come the parts
        of hyphenated words. Words that are cell types, laboratories, antibodies, tags, accessions or kinds of file
        are none; what a word means otherwise is not known here, so that the caller has to look the candidates up.
        Plain words (see `is_plain_word`) are none, unless the name tells a cell type, an accession or an antibody;
        months beside a year neither. Empty where nothing is left.

    Examples
    --------
    >>> factor_candidates("USF1_HepG2_USF-1_HudsonAlpha_AC.seq.gz"), factor_candidates("GM12878-MAX")
    (('USF1',), ('MAX',))
    >>> factor_candidates("ARID3A_K562_ARID3A_(sc-8821)_Stanford"), factor_candidates("ENCFF123ABC.bed.gz")
    (('ARID3A',), ())
    >>> factor_candidates("max_pool.fa"), factor_candidates("max_k562.fa"), factor_candidates("MAX.fa")
    ((), ('MAX',), ('MAX',))
    >>> factor_candidates("wgEncodeAwgTfbsHaibGm12878Elk112771UniPk")[0]
    'ELK1'
    """
    text = name.strip().translate(_GREEK)
    for pattern, plain in _WITHIN:
        text = pattern.sub(plain, text)
    text = _ENDINGS.sub("", re.split(r"[\\/]", text)[-1])
    ucsc = _UCSC.search(text)
    if ucsc is not None:
        symbols = list(_ucsc_symbols(ucsc["rest"]))
    else:
        parts = [part for part in _SEPARATORS.split(_BRACKETS.sub("_", text)) if part]
        if not stated and not any(map(_is_context, [part for part in _SEPARATORS.split(text) if part])):
            dated = any(map(_YEAR.match, re.split(r"[-_]", "_".join(parts))))
            parts = [kept for part in parts if (kept := _without_plain_words(part, dated))]
        symbols = [symbol for part in parts for symbol in _symbols(part)]
        symbols.sort(key=lambda symbol: -symbols.count(symbol))  # stable: order of the name otherwise
        pieces = [part.split("-") for part in parts if re.search(r"-(?!\d+$)", part)]  # not of USF-1
        symbols += [symbol for some in pieces for piece in some if len(piece) > 1 for symbol in _symbols(piece)]
    return tuple(dict.fromkeys(each for symbol in symbols for each in (symbol, *other_names(symbol))))


def is_plain_word(word: str) -> bool:
    """Tell whether a word means no factor by itself: an English word, a month or an abbreviation in lower case.

    ``max``, ``rest``, ``jun`` and all of two letters are names of factors, too, which repositories write in upper
    case or beside a cell type, an accession or an antibody.

    >>> is_plain_word("max"), is_plain_word("Rest"), is_plain_word("MAX"), is_plain_word("ctcf")
    (True, True, False, False)
    """
    short = len(word) == 2 and word.isalpha() and word[1].islower()
    return word != word.upper() and (word.lower() in _PLAIN or short)


def _is_context(part: str) -> bool:
    """Say whether a part of a name, or a piece between hyphens, is a cell type, an accession or an antibody."""
    for piece in (part, *part.split("-")):
        piece = piece.strip("()[]{}")
        bare = piece.lower().replace("-", "")
        if bare in _CELLS or _CELL_NUMBERS.match(bare) or _ACCESSION.match(piece) or _ANTIBODY.match(piece):
            return True
    return False


def _without_plain_words(part: str, dated: bool) -> str:
    """Return what is left of a part of a name without pieces that are plain words, or months of a date.

    A piece before a number stays (Oct-4, HIF-1a), and so does all behind c- and v- (c-Rel).
    """
    pieces = part.split("-")
    if len(pieces) == 1:
        return "" if is_plain_word(part) or (dated and part.lower() in _MONTHS) else part
    if pieces[0].lower() in ("c", "v"):
        return part
    kept = []
    for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
        plain = is_plain_word(piece) and len(piece) > 2  # not of NF-kB
        month = dated and piece.lower() in _MONTHS
        if not month and not (plain and not re.fullmatch(r"\d{1,2}[A-Za-z]?", following)):
            kept.append(piece)
    return "-".join(kept)


def other_names(symbol: str) -> tuple[str, ...]:
    """Return the symbols that an older name of a factor stands for; JASPAR's synonyms are not known here.

    >>> other_names("HNF3BETA"), other_names("OCT4"), other_names("MAX")
    (('HNF3B', 'FOXA2'), ('POU5F1',), ())
    """
    if symbol in _ALIASES:
        return (_ALIASES[symbol],)
    short = _SUBUNIT.sub(lambda word: word[1][0], symbol)
    if short == symbol:
        return ()
    return (short, _ALIASES[short]) if short in _ALIASES else (short,)


def _symbols(part: str) -> Iterator[str]:
    """Yield what a part of a name may be: itself, or what is left of it without a cell type at either end."""
    if _is_other(part):
        return
    pieces = part.split("-")
    for cut in range(1, len(pieces)):
        first, last = "-".join(pieces[:cut]), "-".join(pieces[cut:])
        for one, other in ((first, last), (last, first)):
            if _is_other(one) and not one.isdigit() and not _is_other(other):
                yield from _symbols(other)
                return
    symbol = _symbol(part)
    if _is_symbol(symbol):
        yield symbol


def _symbol(part: str) -> str:
    """Write a name as a symbol: upper case, no hyphens; dimers keep their ``::``."""
    return part.upper().replace("-", "").strip("#*")


def _is_symbol(symbol: str) -> bool:
    return 2 <= len(symbol) <= 24 and symbol[0].isalpha() and all(c.isalnum() or c == ":" for c in symbol)


def _is_other(part: str) -> bool:
    """Say whether a part is a cell type, a laboratory, an antibody, an accession, a number or a kind of file."""
    lower = part.lower()
    bare = lower.replace("-", "")
    return (
        bare in _CELLS
        or lower in _WORDS
        or any(pattern.match(bare) for pattern in (_CELL_NUMBERS, _NO_NAME, _DATE))
        or any(pattern.match(part) for pattern in (_ACCESSION, _ANTIBODY))
    )


def _ucsc_symbols(rest: str) -> Iterator[str]:
    """Yield what may be the factor in UCSC's ``CellFactorAntibodyProtocolUniPk``, where words begin upper-case."""
    words = re.findall(r"[A-Z][a-z0-9]*", rest)
    cells = [i for i, word in enumerate(words[:2]) if _is_other(word)]
    text = "".join(words[cells[-1] + 1 :] if cells else words[1:])
    while (tail := _UCSC_TAIL.search(text)) is not None and tail.start() > 1:
        text = text[: tail.start()]
    word = next(iter(re.findall(r"[A-Z][a-z0-9]*", text)), "")
    numbered = re.match(r"([A-Z][a-z]+)(\d{5,})(ap)?$", word)  # Elk1 12771 in Elk112771, Znf143 16618-1-AP
    if numbered is not None:
        stem, digits, usual = numbered[1], numbered[2], 6 if numbered[3] else 5  # digits of the antibody
        sizes = sorted(range(len(digits) - 3, len(digits)), key=lambda size: abs(size - usual))
        yield from (f"{stem}{digits[: len(digits) - size]}".upper() for size in sizes if size > 2)
    if _is_symbol(word.upper()):
        yield word.upper()
