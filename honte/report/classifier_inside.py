"""What a classifier has learned, seen from inside: its confusions, mistakes, saliency, filters and map of features.

Knows a classifier and labelled pictures. Does not know runs or pages: each function gives cards, which are data.
Saliency: Simonyan et al. 2014, smoothed after Smilkov et al. 2017. t-SNE: van der Maaten & Hinton 2008.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from agent.networks.image_classifier import Classifier
from selfplay.solved.grading import wilson_interval
from training.images.datasets import Pictures

Card = dict[str, Any]
"""kind (of cards.js), title, note, and what that kind wants."""

SHOWN, FILTERS, MAPPED = 24, 64, 1000
NOISY, NOISE = 16, 25.0
"""Copies of a picture whose slopes are averaged, and how noisy they are (standard deviation, of 255)."""


class JudgedPictures(NamedTuple):
    """Pictures, what is on them, and the chances [N, K] that the classifier gives."""

    pictures: Pictures
    chances: Tensor
    classes: Sequence[str]

    @property
    def counts(self) -> Tensor:
        """[K, K] pictures of each class (rows) and what they were taken for (columns)."""
        num = len(self.classes)
        return torch.bincount(self.pictures.labels * num + self.chances.argmax(1), minlength=num * num).view(num, num)


def cards(model: Classifier, judged: JudgedPictures, seed: int) -> list[Card]:
    """Everything that can be seen."""
    return [
        confusion(judged),
        by_class(judged),
        mistakes(judged),
        saliency(model, judged, seed),
        *maps(model, judged, seed),
        filters(model, judged.classes),
    ]


def confusion(judged: JudgedPictures) -> Card:
    note = "Rows are what is on the pictures, columns what they are taken for; a cell's colour is its share of the row."
    names, rows = list(judged.classes), judged.counts.tolist()
    return {"kind": "matrix", "title": "Confusion matrix", "note": note, "names": names, "rows": rows}


def by_class(judged: JudgedPictures) -> Card:
    """The share of mistakes on each class that has pictures, the worst first, with 95 % intervals."""
    rows = []
    for k, (name, counts) in enumerate(zip(judged.classes, judged.counts, strict=True)):
        count = int(counts.sum())
        if not count:
            continue
        wrong, others = count - int(counts[k]), counts.clone()
        others[k] = 0
        low, high = wilson_interval(wrong, count)
        most = f"most often taken for {judged.classes[int(others.argmax())]}" if wrong else "never mistaken"
        rows.append({"name": name, "rate": wrong / count, "low": low, "high": high, "count": count, "said": most})
    rows.sort(key=lambda row: -row["rate"])  # type: ignore[operator]
    note = "Share of each class's pictures that is taken for another; bars are 95 % intervals."
    return {"kind": "rates", "title": "Mistakes by class", "note": note, "rows": rows}


def mistakes(judged: JudgedPictures) -> Card:
    """Those that the classifier was surest of."""
    images, labels = judged.pictures
    chance, said = judged.chances.max(1)
    wrong, names = torch.nonzero(said != labels)[:, 0], judged.classes
    worst = wrong[chance[wrong].argsort(descending=True, stable=True)][:SHOWN].tolist()
    shown = [
        [address(images[i]), f"{names[int(labels[i])]}, taken for {names[int(said[i])]} ({chance[i]:.0%})"]
        for i in worst
    ]
    note = "There is none." if not shown else f"All {len(shown)}, those first that it was surest of."
    note = f"The {len(shown)} of {len(wrong):,} that it was surest of." if len(shown) < len(wrong) else note
    return {"kind": "pictures", "title": "Mistakes", "note": note, "pictures": shown}


def saliency(model: Classifier, judged: JudgedPictures, seed: int) -> Card:
    """For the first picture of each class: the pixels that the winning class's logit hangs on."""
    images, labels = judged.pictures
    random, shown = torch.Generator().manual_seed(seed), []
    for k in sorted(set(labels.tolist()))[:SHOWN]:
        i = int((labels == k).nonzero()[0])
        said = int(judged.chances[i].argmax())
        noise = NOISE * torch.randn(NOISY, *images.shape[1:], generator=random)
        noisy = (images[i].float() + noise).requires_grad_()
        (slope,) = torch.autograd.grad(model.eval()(noisy)[:, said].sum(), noisy)
        heat = slope.abs().amax(1).mean(0)  # [H, W]
        heat = (heat / heat.quantile(0.99).clamp_min(1e-12)).clamp(0, 1)
        grey = images[i].float().mean(0).expand(3, -1, -1)
        warm = (1 - heat) * 0.6 * grey + heat * torch.tensor([255.0, 120.0, 30.0])[:, None, None]
        told = f"{judged.classes[k]}" + ("" if said == k else f", taken for {judged.classes[said]}")
        shown.append([address(torch.cat([grey, warm], 2)), told])
    note = "Bright pixels are those that the answer depends on most (the logit's slope, averaged over noisy copies)."
    return {"kind": "pictures", "title": "Where it looks", "note": note, "pictures": shown, "least": 128}


def filters(model: Classifier, classes: Sequence[str]) -> Card:
    """The weights of the first layer as pictures; middle grey is 0."""
    first = next(p.detach() for p in model.parameters() if p.ndim in (2, 4))
    alone = first.ndim == 2 and len(first) == len(classes) and not list(model.trunk.parameters())
    weights = first if first.ndim == 4 else first.view(len(first), *model.shape)
    scaled = 127.5 + 127.5 * weights / weights.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12)
    shown = [[address(each), classes[k] if alone else ""] for k, each in enumerate(scaled[:FILTERS])]
    note = f"{len(shown)} of {len(weights)} neurons of the first layer: grey is 0, bright draws, dark repels."
    return {"kind": "pictures", "title": "Learned filters", "note": note, "pictures": shown}


def maps(model: Classifier, judged: JudgedPictures, seed: int) -> list[Card]:
    """What the trunk makes of some pictures, laid out in the plane. ImportError without scikit-learn."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    images, labels = judged.pictures
    some = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))[:MAPPED]
    model.eval()
    with torch.no_grad():
        features = torch.cat([model.features(part) for part in torch.split(images[some], 250)]).flatten(1).numpy()
    plane = PCA(2, random_state=seed)
    flat = plane.fit_transform(features)
    near = TSNE(perplexity=min(30, len(some) / 4), init="pca", random_state=seed).fit_transform(features)
    share = plane.explained_variance_ratio_.sum()
    wrong = (judged.chances.argmax(1) != labels)[some]
    which = f"{features.shape[1]:,} features of {len(some):,} pictures, mistakes ringed"
    return [
        {
            "kind": "points",
            "title": title,
            "note": f"{which}; {more}.",
            "names": list(judged.classes),
            "points": [
                [round(float(x), 3), round(float(y), 3), int(k), int(bad)]
                for (x, y), k, bad in zip(points, labels[some], wrong, strict=True)
            ],
        }
        for title, more, points in (
            ("Features, PCA", f"these two directions hold {share:.0%} of their variance", flat),
            ("Features, t-SNE", "neighbours stay neighbours, far distances mean nothing", near),
        )
    ]


def address(picture: Tensor) -> str:
    """A picture [C, H, W] in 0..255 as an address that holds it."""
    from PIL import Image

    pixels = picture.float().round().clamp(0, 255).byte().permute(1, 2, 0).squeeze(2).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
