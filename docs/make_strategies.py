"""Write docs/strategies/ from what the plugins of this repository say of their strategies.

    python docs/make_strategies.py

One page per family, and an index. A test compares the pages with the plugins.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from imbench.cli.strategies import page, short_paper
from imbench.plugin.loading import load
from imbench.plugin.registry import Offer
from imbench.plugin.specs import StrategySpec

FOLDER = Path(__file__).parent / "strategies"
PLUGINS = Path(__file__).parent.parent / "plugins"

TITLES = {
    "baseline": "Baselines",
    "data": "Resampling",
    "sampling": "Batch sampling",
    "augmentation": "Augmentation",
    "weighting": "Weighting",
    "loss": "Losses",
    "optimisation": "Optimisation",
    "head": "Heads and decoupling",
    "post-hoc": "After training",
    "ensemble": "Ensembles and boosted trees",
    "adaptive": "Adaptive weights",
    "fine-tuning": "Fine-tuning",
    "fusion": "Fusion",
}

HEAD = """Written by `python docs/make_strategies.py` from the plugins' specs, as `imbench show strategy` shows them.
"""


def pages() -> dict[str, str]:
    """File name → text, of all strategies that the plugins of this repository offer."""
    ours = {folder.name for folder in PLUGINS.iterdir()}
    families: dict[str, list[Offer[StrategySpec]]] = defaultdict(list)
    for offer in load().strategies:
        if offer.origin.dist in ours and offer.origin.dist not in OPTIONAL:
            families[offer.spec.family].append(offer)
    made = {f"{family}.md": _family(TITLES[family], offers) for family, offers in families.items()}
    return {"README.md": _index(families), **made}


#: Adapters of other people's libraries: not installed with the rest.
OPTIONAL = frozenset({"imbench-smote-variants", "imbench-imblearn-extra"})


def _family(title: str, offers: list[Offer[StrategySpec]]) -> str:
    return "\n".join([f"# {title}\n", HEAD, *(page(offer) for offer in offers)])


def _index(families: dict[str, list[Offer[StrategySpec]]]) -> str:
    total = sum(map(len, families.values()))
    lines = [f"# Strategies\n\n{HEAD}\n{total} strategies. Which to choose: [choosing.md](../choosing.md).\n"]
    for family, title in TITLES.items():
        if family not in families:
            continue
        lines += [
            f"## {title} ({len(families[family])})\n",
            "| strategy | what it does | paper | packs |",
            "|---|---|---|---|",
        ]
        for offer in families[family]:
            spec = offer.spec
            anchor = spec.name.replace(".", "")
            lines.append(
                f"| [{spec.name}]({family}.md#{anchor}) | {spec.summary} | {short_paper(spec)} | "
                f"{'no' if spec.alone else 'yes'} |"
            )
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write the pages; pages of families that are gone are removed."""
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for old in set(FOLDER.glob("*.md")) - {FOLDER / name for name in made}:
        old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
