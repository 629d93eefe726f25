"""Text as the search for places sees it (pure)."""

import unicodedata

UNSEARCHABLE = ("Cc", "Cs")
"""Control characters and lone surrogates: PostgreSQL takes neither NUL nor these."""


def plain(text: str) -> str:
    """Text as it is searched: full-width forms made plain, lower case, without blanks."""
    folded = "".join(unicodedata.normalize("NFKC", text).lower().split())
    return "".join(c for c in folded if unicodedata.category(c) not in UNSEARCHABLE)


def grams_of(*texts: str) -> list[str]:
    """Every pair of neighbouring characters of the texts, once, sorted."""
    plains = [plain(text) for text in texts]
    return sorted({text[i : i + 2] for text in plains for i in range(len(text) - 1)})
