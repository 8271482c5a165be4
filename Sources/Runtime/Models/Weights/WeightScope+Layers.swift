public import DVLADiagnostics
import DVLAJSON
public import DVLATensorMath
import DVLATensors

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
        "\(info.name.string.quoted) is INT8, expected its scales, found none")
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
    Linear(
      try matrix(name + ".weight", rows: outputs, columns: inputs),
      bias: hasBias ? try vector(name + ".bias", count: outputs) : nil, products: products)
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
