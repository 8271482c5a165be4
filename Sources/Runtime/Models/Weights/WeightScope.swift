public import DVLADiagnostics
public import DVLAParallelism
public import DVLATensorMath
public import DVLATensors

/// The tensors of a source whose names start alike, read into memory while a model is built.
///
///     let layer = weights.at("encoder.layers").at(0)
///     let query = try layer.linear("self_attn.q_proj", inputs: 1152, outputs: 1152)
///
/// Every tensor is held against the shape that the configuration demands, and stays in memory as it
/// is stored.
public struct WeightScope: Sendable {
  private let loader: TensorLoader
  /// Where layers are loaded in the background; nil where everything is loaded at once.
  let queue: TaskQueue?
  /// Who reads; nil for the calling thread alone.
  private let compute: Compute?
  /// How products with the weights are computed.
  let products: ProductChoice
  private let prefix: String

  var source: any TensorSource { loader.source }

  /// - Parameters:
  ///   - products: how products with the weights are computed.
  ///   - queue: loads the layers in the background, in the order they are built; by default they
  ///     are loaded at once. It is the caller's to cancel it when the model is no longer used.
  public init(
    _ source: any TensorSource, products: ProductChoice, on compute: Compute,
    streamingOn queue: TaskQueue? = nil
  ) {
    self.init(source, products, on: compute, queue, prefix: "")
  }

  private init(
    _ source: any TensorSource, _ products: ProductChoice, on compute: Compute?,
    _ queue: TaskQueue?, prefix: String
  ) {
    loader = TensorLoader(source)
    self.products = products
    self.compute = compute
    self.queue = queue
    self.prefix = prefix
  }

  /// The same weights for a closure of the queue, which reads on its own thread: the others
  /// compute.
  var inBackground: WeightScope { WeightScope(source, products, on: nil, nil, prefix: prefix) }

  /// The tensors below `part.`.
  public func at(_ part: String) -> WeightScope {
    WeightScope(source, products, on: compute, queue, prefix: prefix + part + ".")
  }

  public func at(_ index: Int) -> WeightScope { at(String(index)) }

  func fullName(_ name: String) -> TensorName { TensorName(prefix + name) }

  /// What is known of a tensor of that shape.
  ///
  /// - Parameter shape: the extents, whose product need not fit an `Int`: nobody has checked the
  ///   configuration that they come from.
  /// - Throws: `model.tensor-missing`, `model.tensor-shape`.
  func info(_ name: String, shape: [Int]) throws(WeightsError) -> TensorInfo {
    let name = fullName(name)
    guard let info = source.info(of: name) else {
      throw WeightsError(
        .modelTensorMissing, tensor: name.string, "the configuration asks for it, found none")
    }
    guard info.shape.dimensions == shape else {
      throw WeightsError(
        .modelTensorShape, tensor: name.string,
        "expected \(shape) by the configuration, found \(info.shape)")
    }
    return info
  }

  /// - Throws: `model.tensor-dtype`.
  func check(_ info: TensorInfo, isOneOf dtypes: [DType]) throws(WeightsError) {
    guard dtypes.contains(info.dtype) else {
      throw WeightsError(
        .modelTensorDType, tensor: info.name.string,
        "expected \(dtypes.map(\.rawValue).joined(separator: ", ")), found \(info.dtype.rawValue)")
    }
  }

  /// The bytes of a whole tensor.
  ///
  /// - Throws: what reading throws.
  func bytes(of info: TensorInfo) throws(WeightsError) -> TensorBytes {
    do throws(WeightsError) {
      guard let compute else { return try loader.load(info) }
      return try loader.load(info) { compute.run(items: $0, $1) }
    } catch { throw error.inTensor(info.name.string) }
  }
}

extension WeightsError.Code {
  /// A tensor that the configuration asks for is not there.
  public static let modelTensorMissing = Self("model.tensor-missing")
  /// A tensor has another shape than the configuration says.
  public static let modelTensorShape = Self("model.tensor-shape")
  /// A tensor has a type that the model does not compute with.
  public static let modelTensorDType = Self("model.tensor-dtype")
}
