// Importing DepthVLAWeights gives everything: what a robot needs, and the converter.
@_exported public import DVLAAccounting
@_exported public import DVLADrift
@_exported public import DVLAParity
@_exported public import DVLAQuantization
@_exported public import DVLARemapping
@_exported public import DVLASafetensors
@_exported public import DepthVLARuntime
