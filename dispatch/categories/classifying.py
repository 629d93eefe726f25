"""Which label a Chinese text is most like, with the words that say so (pure).

A linear classifier over hashed character 1-, 2- and 3-grams with tf-idf: regularised least squares
with every label weighing the same, solved by conjugate gradients, so nothing in it is left to
chance. Only letters count, so no number of a person enters a model, and an n-gram that one row
alone holds is dropped. A model keeps hashes and weights, no text.
"""

import io
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

TOP, MOST_REASONS, STRONG = 3, 3, 0.4
LONGEST_TEXT, LONGEST_GRAM = 2000, 3
MOST_GRAMS, FEWEST_ROWS_OF_A_GRAM = 60_000, 2
PENALTY, PASSES, NEAR_ENOUGH, BATCH, TINY = 1.0, 20, 1e-6, 64, 1e-30
SHARPNESSES = 2.0 ** np.arange(0.0, 8.25, 0.25)
_BUCKETS, _PRIME, _MIX = np.uint64(1 << 20), np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)


class TooFewRowsError(ValueError):
    """There is nothing to learn: one label, or a label with a single row."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A label, how probable it is (0 to 1), and pieces of the text that spoke for it."""

    label: str
    probability: float
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams of a text where they stand: bucket, first character and length of each."""

    buckets: Ints
    starts: Ints
    lengths: Ints


@dataclass(frozen=True, slots=True)
class Bag:
    """A text as a row of a sparse matrix: columns and their values."""

    columns: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Model:
    """What was learnt. `sharpness` stretches the scores so that the probabilities come true."""

    labels: tuple[str, ...]
    buckets: Ints
    idf: Floats
    weights: Floats
    sharpness: float = 1.0

    def dumps(self) -> bytes:
        """The model as a compressed file; equal models give equal bytes."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            labels=np.array(self.labels),
            buckets=self.buckets,
            idf=self.idf,
            weights=self.weights.astype(np.float16),
            sharpness=np.array(self.sharpness),
        )
        return file.getvalue()

    @staticmethod
    def loads(blob: bytes) -> "Model":
        """The model that `dumps` wrote; ValueError, KeyError or an OSError for anything else."""
        with np.load(io.BytesIO(blob), allow_pickle=False) as file:
            return Model(
                labels=tuple(str(label) for label in file["labels"]),
                buckets=file["buckets"],
                idf=file["idf"],
                weights=file["weights"].astype(np.float32),
                sharpness=float(file["sharpness"]),
            )


def grams_of(text: str) -> Grams:
    """Every run of 1 to 3 letters in the first LONGEST_TEXT characters of a text."""
    text = text[:LONGEST_TEXT]
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    letters = np.fromiter(map(str.isalpha, text), bool, len(text))
    whole, hashes, found = letters, np.zeros(len(codes), np.uint64), []
    for length in range(1, min(LONGEST_GRAM, len(text)) + 1):
        end = len(text) - length + 1
        hashes = (hashes[:end] * _PRIME + codes[length - 1 :] + np.uint64(length)) * _MIX
        whole = whole[:end] & letters[length - 1 :]
        starts = np.flatnonzero(whole)
        found.append((hashes[starts] >> np.uint64(32), starts, np.full(len(starts), length)))
    if not found:
        return Grams(*(np.empty(0, np.int64) for _ in range(3)))
    buckets, starts, lengths = (np.concatenate(part) for part in zip(*found, strict=True))
    return Grams((buckets % _BUCKETS).astype(np.int32), starts, lengths)


def _counted(text: str, grams: Grams) -> tuple[Ints, Ints]:
    """The buckets of a text and how often each stands in it; the first line (title) twice."""
    in_title = grams.starts < len(text.partition("\n")[0])
    buckets = np.concatenate([grams.buckets, grams.buckets[in_title]])
    return np.unique(buckets, return_counts=True)


def _bag(counted: tuple[Ints, Ints], buckets: Ints, idf: Floats) -> Bag:
    columns = np.searchsorted(buckets, counted[0])
    known = columns < len(buckets)
    known[known] = buckets[columns[known]] == counted[0][known]
    columns = columns[known]
    values = (1 + np.log(counted[1][known])) * idf[columns]
    return Bag(columns, values / (np.linalg.norm(values) or 1.0))


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def fit(texts: Sequence[str], labels: Sequence[str], *, sharpness: float = 1.0) -> Model:
    """Learn from labelled texts; the same rows give the same model.

    `sharpness` is what cross_validate found. Raises TooFewRowsError for fewer than two labels.
    """
    names, truth = np.unique(labels, return_inverse=True)
    if len(names) < 2:  # noqa: PLR2004
        raise TooFewRowsError("There must be rows of at least two labels.")
    counted = [_counted(text, grams_of(text)) for text in texts]
    buckets, idf = _vocabulary(counted)
    bags = [_bag(row, buckets, idf) for row in counted]
    wanted = np.eye(len(names))[truth] - 1 / len(names)
    weigh = (len(texts) / len(names) / np.bincount(truth))[truth][:, None]
    weights = _solve(bags, wanted, weigh, len(buckets))
    return Model(
        tuple(map(str, names)),
        buckets,
        idf,
        weights.astype(np.float16).astype(np.float32),
        sharpness,
    )


def _vocabulary(counted: Sequence[tuple[Ints, Ints]]) -> tuple[Ints, Floats]:
    """The buckets that several rows hold, at most MOST_GRAMS, with their idf."""
    buckets, rows = np.unique(np.concatenate([b for b, _ in counted]), return_counts=True)
    often = np.argsort(-rows, kind="stable")[:MOST_GRAMS]
    kept = np.sort(often[rows[often] >= FEWEST_ROWS_OF_A_GRAM])
    idf = np.log((1 + len(counted)) / (1 + rows[kept])) + 1
    return buckets[kept], idf.astype(np.float32)


def _batches(bags: Sequence[Bag]) -> Iterator[tuple[slice, Ints, Floats]]:
    """The rows BATCH at a time: which, the columns they use, and themselves over those columns."""
    for first in range(0, len(bags), BATCH):
        batch = bags[first : first + BATCH]
        every = np.concatenate([bag.columns for bag in batch])
        columns, places = np.unique(every, return_inverse=True)
        matrix = np.zeros((len(batch), len(columns)))
        rows = np.repeat(np.arange(len(batch)), [len(bag.columns) for bag in batch])
        matrix[rows, places] = np.concatenate([bag.values for bag in batch])
        yield slice(first, first + len(batch)), columns, matrix


def _solve(bags: Sequence[Bag], wanted: Floats, weigh: Floats, width: int) -> Floats:
    """The weights of least weighted squares plus PENALTY, one conjugate gradient per label.

    Memory grows with a batch and with the weights, not with the rows.
    """
    left = np.zeros((width, wanted.shape[1]))
    for rows, columns, matrix in _batches(bags):
        left[columns] += matrix.T @ (weigh[rows] * wanted[rows])
    weights, direction, length = np.zeros_like(left), left.copy(), (left**2).sum(axis=0)
    for _ in range(PASSES):
        if length.max() < NEAR_ENOUGH:
            break
        image = PENALTY * direction
        for rows, columns, matrix in _batches(bags):
            image[columns] += matrix.T @ (weigh[rows] * (matrix @ direction[columns]))
        step = length / np.maximum((direction * image).sum(axis=0), TINY)
        weights += step * direction
        left -= step * image
        before, length = length, (left**2).sum(axis=0)
        direction = left + length / np.maximum(before, TINY) * direction
    return weights


def _scores(model: Model, bag: Bag) -> Floats:
    scores: Floats = bag.values @ model.weights[bag.columns]
    return scores


def probabilities(model: Model, text: str) -> dict[str, float]:
    """How probable each label is; empty if the model knows no n-gram of the text."""
    bag = _bag(_counted(text, grams_of(text)), model.buckets, model.idf)
    if not len(bag.columns):
        return {}
    shares = _softmax(model.sharpness * _scores(model, bag))
    return {label: float(share) for label, share in zip(model.labels, shares, strict=True)}


def predict(
    model: Model, text: str, top: int = TOP, among: Container[str] | None = None
) -> list[Guess]:
    """The most probable labels (of those `among`), best first, with their reasons.

    None if no n-gram of the text is known.
    """
    grams = grams_of(text)
    bag = _bag(_counted(text, grams), model.buckets, model.idf)
    if not len(bag.columns):
        return []
    shares = _softmax(model.sharpness * _scores(model, bag))
    weights = model.weights[bag.columns]
    pull = (weights - weights.mean(axis=1, keepdims=True)) * bag.values[:, None]
    known = model.buckets[bag.columns]
    places = np.minimum(np.searchsorted(known, grams.buckets), len(known) - 1)
    pull = np.where((known[places] == grams.buckets)[:, None], pull[places], 0)
    order = np.argsort(-shares, kind="stable").tolist()
    chosen = [i for i in order if among is None or model.labels[i] in among][:top]
    return [
        Guess(model.labels[i], float(shares[i]), _reasons(text, grams, pull[:, i])) for i in chosen
    ]


def _reasons(text: str, grams: Grams, pulls: Floats) -> tuple[str, ...]:
    """The MOST_REASONS pieces of the text that pulled most.

    Each n-gram shares its pull among its characters; a piece is a run of characters that pulled
    at least STRONG times as much as the strongest one.
    """
    spread = np.zeros(len(text))
    for n in range(LONGEST_GRAM):
        covered = grams.lengths > n
        share = pulls[covered] / grams.lengths[covered]
        spread += np.bincount(grams.starts[covered] + n, share, minlength=len(text))
    if spread.max() <= 0:
        return ()
    strong = spread >= STRONG * spread.max()
    spans = np.flatnonzero(np.diff(strong, prepend=False, append=False)).reshape(-1, 2).tolist()
    spans.sort(key=lambda span: -spread[slice(*span)].sum())
    return tuple(dict.fromkeys(text[slice(*span)] for span in spans))[:MOST_REASONS]


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How well one label was found: its rows, precision, recall and F1 (0 to 1)."""

    label: str
    rows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Scores:
    """What cross-validation says: shares of 0 to 1, each row judged by a model without it.

    The majority guess always says the commonest label.
    """

    rows: int
    folds: int
    accuracy: float
    in_top: float
    macro_f1: float
    majority_accuracy: float
    majority_f1: float
    sharpness: float
    by_label: tuple[LabelScore, ...]


def label_scores(truth: Sequence[str], guessed: Sequence[str]) -> tuple[LabelScore, ...]:
    """Precision, recall and F1 of every label that stands in the truth; 0 where undefined."""
    right, wanted, given = np.array(truth) == np.array(guessed), np.array(truth), np.array(guessed)
    found = []
    for label in sorted(set(truth)):
        hits = int((right & (wanted == label)).sum())
        rows, said = int((wanted == label).sum()), int((given == label).sum())
        score = LabelScore(label, rows, hits / (said or 1), hits / rows, 2 * hits / (rows + said))
        found.append(score)
    return tuple(found)


def macro_f1(truth: Sequence[str], guessed: Sequence[str]) -> float:
    """The mean of the F1 of every label in the truth, however rare the label is."""
    return float(np.mean([score.f1 for score in label_scores(truth, guessed)]))


def folds_of(labels: Sequence[str], folds: int, seed: int) -> Ints:
    """A fold for each row: every label is spread evenly, by the seed."""
    chance, known = np.random.default_rng(seed), np.array(labels)
    fold = np.empty(len(known), int)
    for label in np.unique(known):
        rows = chance.permutation(np.flatnonzero(known == label))
        fold[rows] = (np.arange(len(rows)) + chance.integers(folds)) % folds
    return fold


def cross_validate(texts: Sequence[str], labels: Sequence[str], *, folds: int, seed: int) -> Scores:
    """Judge every row by a model that has not seen its fold; stratified and seeded.

    Raises TooFewRowsError if a label has a single row or there is one label only.
    """
    names, truth, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if counts.min() < 2:  # noqa: PLR2004
        raise TooFewRowsError(f"{names[counts.argmin()]} has a single row.")
    held_out = _held_out(texts, labels, folds_of(labels, folds, seed))
    best = np.argsort(-held_out, axis=1, kind="stable")
    guessed = [str(name) for name in names[best[:, 0]]]
    majority = [str(names[counts.argmax()])] * len(texts)
    return Scores(
        rows=len(texts),
        folds=folds,
        accuracy=float((best[:, 0] == truth).mean()),
        in_top=float((best[:, :TOP] == truth[:, None]).any(axis=1).mean()),
        macro_f1=macro_f1(labels, guessed),
        majority_accuracy=float(counts.max() / len(texts)),
        majority_f1=macro_f1(labels, majority),
        sharpness=_sharpness(held_out, truth),
        by_label=label_scores(labels, guessed),
    )


def _held_out(texts: Sequence[str], labels: Sequence[str], fold: Ints) -> Floats:
    """The scores of every row for every label by a model without the row's fold."""
    scores = np.zeros((len(texts), len(set(labels))))
    for n in np.unique(fold):
        rest = np.flatnonzero(fold != n).tolist()
        model = fit([texts[i] for i in rest], [labels[i] for i in rest])
        for i in np.flatnonzero(fold == n).tolist():
            counted = _counted(texts[i], grams_of(texts[i]))
            scores[i] = _scores(model, _bag(counted, model.buckets, model.idf))
    return scores


def _sharpness(scores: Floats, truth: Ints) -> float:
    """The stretch of the scores whose probabilities surprise least (log loss)."""
    rows = np.arange(len(truth))
    losses = [-np.log(_softmax(s * scores)[rows, truth] + TINY).mean() for s in SHARPNESSES]
    return float(SHARPNESSES[int(np.argmin(losses))])
