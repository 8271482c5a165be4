// The module that a robot imports. It re-exports all modules whose types their interfaces name, and
// holds no code of its own.
@_exported public import DVLABundles
@_exported public import DVLADiagnostics
@_exported public import DVLAFamilies
@_exported public import DVLAGates
@_exported public import DVLAHashing
@_exported public import DVLAImages
@_exported public import DVLAJSON
@_exported public import DVLAKernels
@_exported public import DVLAMatrixProducts
@_exported public import DVLAModels
@_exported public import DVLANormalization
@_exported public import DVLANumPyMessages
@_exported public import DVLAObservations
@_exported public import DVLAParallelism
@_exported public import DVLAPipelines
@_exported public import DVLARandomNumbers
@_exported public import DVLARobots
@_exported public import DVLASigning
@_exported public import DVLATensorMath
@_exported public import DVLATensors
@_exported public import DVLATokenization
