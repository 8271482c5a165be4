"""Goldens recorded from the models that other libraries publish: ``python -m depthvla.record``.

A golden holds the inputs of a model and what the library that owns the model computes from them,
stage by stage, in float64 and float32. ``depthvla parity BUNDLE --golden GOLDEN`` compares a bundle
with it.

Start reading at ``recorder.py``, which is the order of events. ``libraries.py`` finds out whose
checkpoint it is; one file for each library (``transformers_models.py``, ``timm_models.py``,
``original_models.py``, ``lerobot_models.py``, ``openpi_models.py``) loads it and says which module
computes which stage.
"""
