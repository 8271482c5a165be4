"""Folders of observations: what a release is judged on.

Record them from a LeRobot dataset (`record_lerobot`), from the dictionaries of openpi's clients
(`record_dictionary`) or from a running environment (`record_environment`), and read them with
`open_folder`. The page Observations of the documentation specifies the files. The command is
`python -m depthvla.observations`.
"""

from depthvla.observations.answer import Answer
from depthvla.observations.dictionaries import (
    CONVENTIONS,
    Convention,
    Inputs,
    read_dictionary,
    record_dictionary,
)
from depthvla.observations.environment import record_environment
from depthvla.observations.files import observation_bytes, parse_observation, read_observation
from depthvla.observations.folder import Entry, ObservationFolder, ObservationWriter, open_folder
from depthvla.observations.lerobot import record_lerobot
from depthvla.observations.noise import gaussian_noise
from depthvla.observations.observation import DepthUnit, Observation

__all__ = [
    "CONVENTIONS",
    "Answer",
    "Convention",
    "DepthUnit",
    "Entry",
    "Inputs",
    "Observation",
    "ObservationFolder",
    "ObservationWriter",
    "gaussian_noise",
    "observation_bytes",
    "open_folder",
    "parse_observation",
    "read_dictionary",
    "read_observation",
    "record_dictionary",
    "record_environment",
    "record_lerobot",
]
