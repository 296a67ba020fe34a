"""Image classification with the Trainer that also learns games: data sets, file formats, augmentation, prediction.

The classifiers' layers live in ``agent.networks.image_classifier``.
"""
