"""What a classifier has learned: confusion matrix, mistakes, saliency, filters and maps of its features.

Knows a classifier and labelled pictures. Does not know runs or pages: each function returns cards, which are data.
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
"""kind (a function of cards.js), title, note, and the data that this kind needs."""

NUM_SHOWN, NUM_FILTERS, NUM_MAPPED = 24, 64, 1000
NUM_NOISY_COPIES, NOISE = 16, 25.0
"""Saliency is averaged over noisy copies of a picture; NOISE is the standard deviation, where pixels go up to 255."""


class Predictions(NamedTuple):
    """Labelled pictures and the probabilities [N, K] that the classifier gives to the classes."""

    pictures: Pictures
    probabilities: Tensor
    classes: Sequence[str]

    @property
    def confusion(self) -> Tensor:
        """[K, K] numbers of pictures by true class (rows) and predicted class (columns)."""
        num = len(self.classes)
        return torch.bincount(self.pictures.labels * num + self.probabilities.argmax(1), minlength=num * num).view(
            num, num
        )


def cards(model: Classifier, predictions: Predictions, seed: int) -> list[Card]:
    """All cards."""
    return [
        confusion(predictions),
        by_class(predictions),
        mistakes(predictions),
        saliency(model, predictions, seed),
        *maps(model, predictions, seed),
        filters(model, predictions.classes),
    ]


def confusion(predictions: Predictions) -> Card:
    note = "Rows are the true classes, columns the predicted ones; the colour of a cell shows its share of the row."
    names, rows = list(predictions.classes), predictions.confusion.tolist()
    return {"kind": "matrix", "title": "Confusion matrix", "note": note, "names": names, "rows": rows}


def by_class(predictions: Predictions) -> Card:
    """The rate of mistakes on each class that has pictures, the worst first, with 95 % intervals."""
    rows = []
    for k, (name, counts) in enumerate(zip(predictions.classes, predictions.confusion, strict=True)):
        count = int(counts.sum())
        if not count:
            continue
        wrong, others = count - int(counts[k]), counts.clone()
        others[k] = 0
        low, high = wilson_interval(wrong, count)
        text = f"most often predicted: {predictions.classes[int(others.argmax())]}" if wrong else "no mistake"
        rows.append({"name": name, "rate": wrong / count, "low": low, "high": high, "count": count, "text": text})
    rows.sort(key=lambda row: -row["rate"])  # type: ignore[operator]
    note = "Share of the pictures of each class with a wrong prediction; bars are 95 % intervals."
    return {"kind": "rates", "title": "Mistakes by class", "note": note, "rows": rows}


def mistakes(predictions: Predictions) -> Card:
    """The wrong predictions with the highest probabilities."""
    images, labels = predictions.pictures
    probability, predicted = predictions.probabilities.max(1)
    wrong, names = torch.nonzero(predicted != labels)[:, 0], predictions.classes
    worst = wrong[probability[wrong].argsort(descending=True, stable=True)][:NUM_SHOWN].tolist()
    shown = [
        [
            picture_url(images[i]),
            f"{names[int(labels[i])]}, predicted {names[int(predicted[i])]} ({probability[i]:.0%})",
        ]
        for i in worst
    ]
    note = f"All {len(shown)}, the highest probability first." if shown else "The classifier made no mistake."
    if len(shown) < len(wrong):
        note = f"The {len(shown)} of {len(wrong):,} with the highest probability."
    return {"kind": "pictures", "title": "Mistakes", "note": note, "pictures": shown}


def saliency(model: Classifier, predictions: Predictions, seed: int) -> Card:
    """For the first picture of each class: the pixels that the logit of the predicted class depends on most."""
    images, labels = predictions.pictures
    random, shown = torch.Generator().manual_seed(seed), []
    for k in sorted(set(labels.tolist()))[:NUM_SHOWN]:
        i = int((labels == k).nonzero()[0])
        predicted = int(predictions.probabilities[i].argmax())
        noise = NOISE * torch.randn(NUM_NOISY_COPIES, *images.shape[1:], generator=random)
        noisy = (images[i].float() + noise).requires_grad_()
        (gradient,) = torch.autograd.grad(model.eval()(noisy)[:, predicted].sum(), noisy)
        heat = gradient.abs().amax(1).mean(0)  # [H, W]
        heat = (heat / heat.quantile(0.99).clamp_min(1e-12)).clamp(0, 1)
        grey = images[i].float().mean(0).expand(3, -1, -1)
        warm = (1 - heat) * 0.6 * grey + heat * torch.tensor([255.0, 120.0, 30.0])[:, None, None]
        text = f"{predictions.classes[k]}" + ("" if predicted == k else f", predicted {predictions.classes[predicted]}")
        shown.append([picture_url(torch.cat([grey, warm], 2)), text])
    note = "The prediction depends most on bright pixels (gradient of the logit, averaged over noisy copies)."
    return {"kind": "pictures", "title": "Saliency", "note": note, "pictures": shown, "least": 128}


def filters(model: Classifier, classes: Sequence[str]) -> Card:
    """The weights of the first layer as pictures; middle grey is 0."""
    first = next(p.detach() for p in model.parameters() if p.ndim in (2, 4))
    is_linear = first.ndim == 2 and len(first) == len(classes) and not list(model.trunk.parameters())
    weights = first if first.ndim == 4 else first.view(len(first), *model.shape)
    scaled = 127.5 + 127.5 * weights / weights.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12)
    shown = [[picture_url(each), classes[k] if is_linear else ""] for k, each in enumerate(scaled[:NUM_FILTERS])]
    note = (
        f"{len(shown)} of {len(weights)} neurons of the first layer. Grey is a weight of 0, bright is positive, dark is"
    )
    note += " negative."
    return {"kind": "pictures", "title": "Learned filters", "note": note, "pictures": shown}


def maps(model: Classifier, predictions: Predictions, seed: int) -> list[Card]:
    """The trunk's features of some pictures, projected to two dimensions. ImportError without scikit-learn."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    images, labels = predictions.pictures
    some = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))[:NUM_MAPPED]
    model.eval()
    with torch.no_grad():
        features = torch.cat([model.features(part) for part in torch.split(images[some], 250)]).flatten(1).numpy()
    plane = PCA(2, random_state=seed)
    flat = plane.fit_transform(features)
    near = TSNE(perplexity=min(30, len(some) / 4), init="pca", random_state=seed).fit_transform(features)
    share = plane.explained_variance_ratio_.sum()
    wrong = (predictions.probabilities.argmax(1) != labels)[some]
    which = f"{features.shape[1]:,} features of {len(some):,} pictures; rings mark mistakes"
    return [
        {
            "kind": "points",
            "title": title,
            "note": f"{which}. {more}.",
            "names": list(predictions.classes),
            "points": [
                [round(float(x), 3), round(float(y), 3), int(k), int(bad)]
                for (x, y), k, bad in zip(points, labels[some], wrong, strict=True)
            ],
        }
        for title, more, points in (
            ("Features, PCA", f"The two directions explain {share:.0%} of the variance", flat),
            ("Features, t-SNE", "Near points are similar; distances between far points mean nothing", near),
        )
    ]


def picture_url(picture: Tensor) -> str:
    """A picture [C, H, W] in 0..255 as a data URL."""
    from PIL import Image

    pixels = picture.float().round().clamp(0, 255).byte().permute(1, 2, 0).squeeze(2).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
