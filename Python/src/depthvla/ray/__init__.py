"""Depth labels for more pictures than one machine does, on Ray.

`label` reads a folder, Parquet files or a webdataset, and writes a 16-bit PNG or float array for
every picture. The command is `python -m depthvla.ray`. The page Labels of the documentation says
what a run leaves behind, how it goes on after it was stopped, and what it costs.
"""

from depthvla.ray.label import LabelReport, label

__all__ = ["LabelReport", "label"]
