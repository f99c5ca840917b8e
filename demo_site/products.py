"""What the shop pretends to sell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """One thing on the shelf. ``slug`` names its page and its drawing, ``cents`` is its price in euro cents."""

    slug: str
    name: str
    line: str
    story: str
    facts: tuple[str, ...]
    cents: int

    @property
    def price(self) -> str:
        """The price as it is written on the tag."""
        return f"€{self.cents // 100}.{self.cents % 100:02}"


PRODUCTS = (
    Product(
        "harbour-lamp",
        "Harbour lamp",
        "A reading light with a long arm",
        "Turned brass on an oak foot. The shade tilts to wherever the book is, and dimmed light stays warm.",
        ("Oak and brass", "Dims from 5 to 100 %", "Cable of two metres"),
        8900,
    ),
    Product(
        "fjord-mug",
        "Fjord mug",
        "Stoneware, glazed by hand",
        "Thick enough to keep tea hot through a chapter, light enough for one finger. No two have the same shoreline.",
        ("350 ml", "Dishwasher and microwave", "Made in small batches"),
        1800,
    ),
    Product(
        "moss-blanket",
        "Moss blanket",
        "Wool, woven twice as dense",
        "Heavy without being hot. It starts a little stiff and gets softer with every winter.",
        ("130 by 190 cm", "New wool", "Wash cold, dry flat"),
        12000,
    ),
    Product(
        "slow-clock",
        "Slow clock",
        "One hand, twelve hours, no ticking",
        "It tells the time to about five minutes, which is as exact as an evening needs.",
        ("Silent movement", "Ash frame", "One battery a year"),
        6400,
    ),
    Product(
        "ember-candle",
        "Ember candle",
        "Cedar, smoke and orange peel",
        "Burns for fifty hours. The jar is a good glass afterwards.",
        ("Rapeseed wax", "220 g", "Cotton wick"),
        2400,
    ),
    Product(
        "paper-chair",
        "Paper chair",
        "A seat of twisted paper cord",
        "Four legs, one curve, and a hundred and twenty metres of cord. It creaks once, when it is new.",
        ("Beech and paper cord", "Carries 130 kg", "Comes assembled"),
        21000,
    ),
)

BY_SLUG = {product.slug: product for product in PRODUCTS}


@dataclass(frozen=True)
class Cart:
    """What a visitor means to buy: the lines in the order they were first added."""

    lines: tuple[tuple[Product, int], ...]

    @classmethod
    def from_cookie(cls, text: str) -> Cart:
        """Read a cart; what is not on the shelf any more is left out."""
        counted = Counter(slug for slug in text.split(".") if slug in BY_SLUG)
        return cls(tuple((BY_SLUG[slug], count) for slug, count in counted.items()))

    def to_cookie(self) -> str:
        """Return the text that ``from_cookie`` reads."""
        return ".".join(product.slug for product, count in self.lines for _ in range(count))

    def plus(self, product: Product) -> Cart:
        """Return a cart with one more of a product."""
        return Cart.from_cookie(".".join(filter(None, (self.to_cookie(), product.slug))))

    @property
    def count(self) -> int:
        """How many things lie in it."""
        return sum(count for _, count in self.lines)

    @property
    def total(self) -> str:
        """The sum, as it is written."""
        cents = sum(product.cents * count for product, count in self.lines)
        return f"€{cents // 100}.{cents % 100:02}"
