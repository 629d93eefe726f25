"""Text as the search for places sees it (pure)."""

import unicodedata


def plain(text: str) -> str:
    """Text as it is searched: full-width forms made plain, lower case, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def grams_of(*texts: str) -> list[str]:
    """Every pair of neighbouring characters of the texts, once, sorted."""
    plains = [plain(text) for text in texts]
    return sorted({text[i : i + 2] for text in plains for i in range(len(text) - 1)})
