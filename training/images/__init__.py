"""Image classification with the same Trainer: data sets, file formats, augmentation, training and prediction.

The classifiers' layers live in ``agent.networks.image_classifier``.
"""
