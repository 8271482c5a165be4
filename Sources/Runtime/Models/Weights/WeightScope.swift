public import DVLADiagnostics
import DVLAJSON
public import DVLAParallelism
public import DVLATensorMath
public import DVLATensors

/// When the layers of a model are loaded.
public enum LayerLoading: Sendable {
  /// While the model is built.
  case first
  /// In the background, in the order in which they are built. The caller must cancel the queue when
  /// the model is no longer used.
  case streaming(on: TaskQueue)
  /// Anew by each forward, when it comes to them.
  case eachUse
}

/// The tensors of a source whose names start alike, read into memory while a model is built.
///
///     let layer = weights.at("encoder.layers").at(0)
///     let query = try layer.linear("self_attn.q_proj", inputs: 1152, outputs: 1152)
///
/// Every tensor is checked against the shape that the configuration requires, and stays in memory
/// as it is stored. ``TensorLoader`` loads them.
public struct WeightScope: Sendable {
  private let loader: TensorLoader
  let layers: LayerLoading
  /// The threads that load; nil for the calling thread alone.
  private let compute: Compute?
  /// How products with the weights are computed.
  let products: ProductChoice
  /// Is shown the inputs of linear layers.
  private let recorder: InputRecorder?
  private let prefix: String

  var source: any TensorSource { loader.source }

  /// - Parameters:
  ///   - products: how products with the weights are computed.
  ///   - recorder: is shown the inputs of linear layers.
  public init(
    _ source: any TensorSource, products: ProductChoice, on compute: Compute,
    recordingTo recorder: InputRecorder? = nil, layers: LayerLoading = .first
  ) {
    self.init(source, products, on: compute, recorder, layers, prefix: "")
  }

  private init(
    _ source: any TensorSource, _ products: ProductChoice, on compute: Compute?,
    _ recorder: InputRecorder?, _ layers: LayerLoading, prefix: String
  ) {
    loader = TensorLoader(source)
    self.products = products
    self.compute = compute
    self.recorder = recorder
    self.layers = layers
    self.prefix = prefix
  }

  /// The same weights for a closure of the queue, which loads on its own thread alone, since the
  /// other threads compute.
  var inBackground: WeightScope {
    WeightScope(source, products, on: nil, recorder, .first, prefix: prefix)
  }

  /// The same weights for a model of which the layers do not stay in memory.
  var loadingLayersByEachUse: WeightScope {
    WeightScope(source, products, on: compute, recorder, .eachUse, prefix: prefix)
  }

  /// The tensors below `part.`.
  public func at(_ part: String) -> WeightScope {
    WeightScope(source, products, on: compute, recorder, layers, prefix: prefix + part + ".")
  }

  public func at(_ index: Int) -> WeightScope { at(String(index)) }

  func fullName(_ name: String) -> TensorName { TensorName(prefix + name) }

  /// What is known of a tensor of that shape.
  ///
  /// - Parameter shape: the extents, whose product need not fit an `Int`: they come from a
  ///   configuration that is not checked yet.
  /// - Throws: `model.tensor-missing`, `model.tensor-shape`.
  func info(_ name: String, shape: [Int]) throws(WeightsError) -> TensorInfo {
    let name = fullName(name)
    guard let info = source.info(of: name) else {
      throw WeightsError(
        .modelTensorMissing, tensor: name.string,
        "the configuration requires this tensor, but it is missing")
    }
    guard info.shape.dimensions == shape else {
      throw WeightsError(
        .modelTensorShape, tensor: name.string,
        "the configuration requires the shape \(shape), found \(info.shape)")
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

extension WeightScope {
  /// A vector of floats, widened.
  ///
  /// - Throws: `model.tensor-*`; what reading throws.
  public func vector(_ name: String, count: Int) throws(WeightsError) -> [Float] {
    try floats(name, shape: [count])
  }

  /// All values of a tensor, widened.
  ///
  /// - Throws: as ``vector(_:count:)``.
  public func floats(_ name: String, shape: [Int]) throws(WeightsError) -> [Float] {
    let info = try info(name, shape: shape)
    try check(info, isOneOf: [.f32, .bf16, .f16])
    let count = info.shape.elementCount
    let row = WeightMatrix(try bytes(of: info), dtype: info.dtype, rows: 1, columns: count)
    var values = [Float](repeating: 0, count: count)
    var span = values.mutableSpan
    row.widen(0..<1, into: &span)
    return values
  }

  /// A matrix [rows, columns] at stored precision. INT8 values come with `NAME_scale` [rows,
  /// groups], bfloat16 or float32.
  ///
  /// - Throws: as ``vector(_:count:)``.
  public func matrix(_ name: String, rows: Int, columns: Int) throws(WeightsError) -> WeightMatrix {
    let (info, scales) = try matrixInfo(name, rows: rows, columns: columns)
    let bytes = try bytes(of: info)
    guard let scales else {
      return WeightMatrix(bytes, dtype: info.dtype, rows: rows, columns: columns)
    }
    return WeightMatrix(
      int8: bytes, scales: try self.bytes(of: scales), of: scales.dtype,
      group: columns / scales.shape[1], rows: rows, columns: columns)
  }

  /// A table of embeddings [rows, width], which stays where it is: rows are read when they are
  /// needed.
  ///
  /// - Throws: `model.tensor-*`.
  public func embedding(_ name: String, rows: Int, width: Int) throws(WeightsError)
    -> EmbeddingTable
  {
    let (info, scales) = try matrixInfo(name, rows: rows, columns: width)
    return EmbeddingTable(rows: rows, width: width, source: source, info: info, scales: scales)
  }

  /// What is known of a matrix, and of its scales where it is INT8.
  private func matrixInfo(
    _ name: String, rows: Int, columns: Int
  ) throws(WeightsError) -> (values: TensorInfo, scales: TensorInfo?) {
    let info = try info(name, shape: [rows, columns])
    try check(info, isOneOf: [.f32, .bf16, .f16, .i8])
    guard info.dtype == .i8 else { return (info, nil) }
    let scaleName = fullName(name).scales
    guard let scale = source.info(of: scaleName) else {
      throw WeightsError(
        .modelTensorMissing, tensor: scaleName.string,
        "\(info.name.string.quoted) is INT8, but its scales are missing")
    }
    guard scale.shape.rank == 2, scale.shape[0] == rows, scale.shape[1] > 0,
      columns.isMultiple(of: scale.shape[1]),
      scale.shape[1] == 1 || (columns / scale.shape[1]).isMultiple(of: 16)
    else {
      throw WeightsError(
        .modelTensorShape, tensor: scaleName.string,
        "expected scales for \([rows, columns] as Shape), found \(scale.shape)")
    }
    try check(scale, isOneOf: [.bf16, .f32])
    return (info, scale)
  }

  /// `NAME.weight` [outputs, inputs] and, where there is one, `NAME.bias` [outputs].
  ///
  /// - Throws: as ``vector(_:count:)``.
  public func linear(
    _ name: String, inputs: Int, outputs: Int, hasBias: Bool
  ) throws(WeightsError) -> Linear {
    var linear = Linear(
      try matrix(name + ".weight", rows: outputs, columns: inputs),
      bias: hasBias ? try vector(name + ".bias", count: outputs) : nil, products: products)
    if let recorder { linear.recorder = (recorder, fullName(name + ".weight")) }
    return linear
  }

  /// `NAME.weight` and `NAME.bias` [width].
  ///
  /// - Throws: as ``vector(_:count:)``.
  public func layerNorm(
    _ name: String, width: Int, epsilon: Double
  ) throws(WeightsError) -> LayerNorm {
    LayerNorm(
      weight: try vector(name + ".weight", count: width),
      bias: try vector(name + ".bias", count: width), epsilon: epsilon)
  }

  /// `NAME.weight` [width], an offset from one.
  ///
  /// - Throws: as ``vector(_:count:)``.
  public func rmsNorm(
    _ name: String, width: Int, epsilon: Double
  ) throws(WeightsError) -> RMSNorm {
    RMSNorm(weight: try vector(name + ".weight", count: width), epsilon: epsilon)
  }
}

extension WeightsError.Code {
  /// A tensor that the configuration requires is missing.
  public static let modelTensorMissing = Self("model.tensor-missing")
  /// A tensor has another shape than the configuration says.
  public static let modelTensorShape = Self("model.tensor-shape")
  /// A tensor has a type that the model does not compute with.
  public static let modelTensorDType = Self("model.tensor-dtype")
}
