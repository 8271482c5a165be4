public import DVLADiagnostics
public import DVLAJSON
public import DVLAModels
public import DVLAParity
public import DVLATensorMath
public import DVLATensors

/// What parity runs: the models and image processors of a runtime.
public struct ParityRuntime: Sendable {
  /// Reads the weights of a family from a source, to compute on that many threads, products as
  /// chosen.
  public typealias LoadModel =
    @Sendable (
      _ family: String, _ configuration: JSONValue, _ source: any TensorSource,
      _ products: ProductChoice,
      _ threads: Int
    ) throws(WeightsError) -> any Model

  public let loadModel: LoadModel
  public let process:
    @Sendable (
      _ result: ProcessedImage, _ image: (width: Int, height: Int, rgb: [UInt8])
    ) throws(WeightsError) -> Tensor?

  /// - Parameter process: as ``ImageProcessor``.
  public init(
    loadModel: @escaping LoadModel,
    process:
      @escaping @Sendable (
        _ result: ProcessedImage, _ image: (width: Int, height: Int, rgb: [UInt8])
      ) throws(WeightsError) -> Tensor?
  ) {
    self.loadModel = loadModel
    self.process = process
  }
}
