"""The structures of depthvla.h. A test holds them against the header."""

from __future__ import annotations

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import ClassVar, TypeVar


class Error(ctypes.Structure):
    """dvla_error."""

    _fields_: ClassVar = [
        ("status", c_int32),
        ("code", c_char * 60),
        ("message", c_char * 4096),
        ("file", c_char * 1024),
        ("tensor", c_char * 1032),
        ("details", c_char * 4096),
    ]


class OpenOptions(ctypes.Structure):
    """dvla_open_options."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("public_keys", POINTER(c_char_p)),
        ("public_key_count", c_size_t),
        ("public_key_files", POINTER(c_char_p)),
        ("public_key_file_count", c_size_t),
        ("signature_file", c_char_p),
        ("minimum_release", c_uint64),
        ("gate_keys", POINTER(c_char_p)),
        ("gate_key_count", c_size_t),
        ("gate_key_files", POINTER(c_char_p)),
        ("gate_key_file_count", c_size_t),
        ("gate_file", c_char_p),
        ("gate_budget_file", c_char_p),
        ("checks_sha256", c_bool),
        ("maps_file", c_bool),
    ]


class BundleInfo(ctypes.Structure):
    """dvla_bundle_info."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("path", c_char_p),
        ("family", c_char_p),
        ("root", c_char_p),
        ("byte_count", c_uint64),
        ("tensor_count", c_size_t),
        ("asset_count", c_size_t),
        ("is_signed", c_bool),
        ("release", c_uint64),
        ("is_gated", c_bool),
    ]


class Tensor(ctypes.Structure):
    """dvla_tensor."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("dtype", c_char_p),
        ("shape", POINTER(c_int64)),
        ("rank", c_size_t),
        ("byte_count", c_uint64),
        ("resident", c_void_p),
        ("tied_to", c_size_t),
    ]


class Asset(ctypes.Structure):
    """dvla_asset."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("family", c_char_p),
        ("file_name", c_char_p),
        ("role", c_char_p),
        ("sha256", c_char_p),
        ("byte_count", c_uint64),
    ]


class WeightsOptions(ctypes.Structure):
    """dvla_weights_options."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("naming", c_char_p),
        ("family", c_char_p),
        ("dtype", c_char_p),
        ("keeps_int8", c_bool),
        ("all_tied_names", c_bool),
    ]


class WeightsInfo(ctypes.Structure):
    """dvla_weights_info."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("family", c_char_p),
        ("naming", c_char_p),
        ("tensor_count", c_size_t),
        ("byte_count", c_uint64),
        ("int8_count", c_size_t),
        ("dequantized_count", c_size_t),
    ]


class Picture(ctypes.Structure):
    """dvla_picture."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("rgb", POINTER(c_uint8)),
        ("height", c_size_t),
        ("width", c_size_t),
        ("row_stride", c_size_t),
        ("name", c_char_p),
    ]


class PolicyOptions(ctypes.Structure):
    """dvla_policy_options."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("threads", c_uint32),
        ("products", c_char_p),
        ("without_depth", c_bool),
        ("loads_first", c_bool),
    ]


class PolicyInfo(ctypes.Structure):
    """dvla_policy_info."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("horizon", c_size_t),
        ("model_action_width", c_size_t),
        ("model_state_width", c_size_t),
        ("token_limit", c_size_t),
        ("steps", c_size_t),
        ("has_depth", c_bool),
    ]


class Observation(ctypes.Structure):
    """dvla_observation."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("pictures", POINTER(Picture)),
        ("picture_count", c_size_t),
        ("instruction", c_char_p),
        ("state", POINTER(c_double)),
        ("state_count", c_size_t),
        ("noise", POINTER(c_float)),
        ("noise_count", c_size_t),
        ("seed", c_uint64),
        ("steps", c_uint32),
        ("mask", c_char_p),
        ("without_depth_maps", c_bool),
    ]


class ChunkInfo(ctypes.Structure):
    """dvla_chunk_info."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("horizon", c_size_t),
        ("action_width", c_size_t),
        ("model_action_width", c_size_t),
        ("depth_count", c_size_t),
        ("token_count", c_size_t),
        ("is_in_robot_units", c_bool),
        ("prepare_seconds", c_double),
        ("forward_seconds", c_double),
    ]


class DepthOptions(ctypes.Structure):
    """dvla_depth_options."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("threads", c_uint32),
        ("products", c_char_p),
        ("input_size", c_uint32),
    ]


class DepthInfo(ctypes.Structure):
    """dvla_depth_info."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("height", c_size_t),
        ("width", c_size_t),
        ("model_height", c_size_t),
        ("model_width", c_size_t),
        ("meaning", c_char_p),
        ("maximum_metres", c_double),
        ("steps_per_metre", c_double),
        ("least", c_float),
        ("greatest", c_float),
    ]


class ParityOptions(ctypes.Structure):
    """dvla_parity_options."""

    _fields_: ClassVar = [
        ("struct_size", c_size_t),
        ("threads", c_uint32),
        ("products", c_char_p),
        ("tolerances", c_char_p),
        ("precision_class", c_char_p),
        ("mask", c_char_p),
        ("without_depth", c_bool),
    ]


Progress = CFUNCTYPE(c_bool, c_void_p, c_uint64, c_uint64)
WeightsProgress = CFUNCTYPE(c_bool, c_void_p, c_size_t, c_uint64)

_Sized = TypeVar("_Sized", bound=ctypes.Structure)


def sized(kind: type[_Sized], **members: object) -> _Sized:
    """A structure with its size in front, as the library asks for it."""
    made = kind(**members)
    made.struct_size = ctypes.sizeof(kind)
    return made
