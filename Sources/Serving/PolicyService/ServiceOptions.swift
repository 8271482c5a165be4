public import DVLABundles
public import DVLADiagnostics
public import DVLAModels
public import DVLARobots
public import DVLATensorMath

/// How a bundle is opened and how it answers.
public struct ServiceOptions: Sendable {
  /// Which bundles are taken, asked at the start and whenever the bundle is replaced.
  public var trust: @Sendable () throws(WeightsError) -> BundleTrust = {
    () throws(WeightsError) in .any
  }
  public var signatureFile: String?
  /// The robot; nil: the bundle's own.
  public var robot: Robot?
  /// The instruction of observations that have none.
  public var defaultInstruction: String?
  /// How products with the weights are computed; nil: as parity checks compute them.
  public var products: ProductPrecision?
  public var usesDepth = true
  public var sampling = SamplingOptions()
  public var threads = 1
  /// The seed of the first observation's noise; each later one has the next.
  public var firstSeed: UInt64 = 0
  /// Bytes of an observation's message.
  public var messageByteCount = 64 << 20
  /// The version of the program, for clients and recordings.
  public var version = ""

  public init() {}
}
