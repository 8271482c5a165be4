public import Diagnostics
public import Quantization
public import Remapping
import TensorCore

/// Every tensor that a bundle will hold, with its precision, decided before a weight is read.
public struct ConversionPlan: Sendable {
  public let remap: RemapPlan
  public let recipe: Recipe
  /// In the order of the file.
  public let tensors: [StoredTensor]

  /// - Throws: `recipe.dtype` when the recipe wants to convert a type that is no float,
  ///   and what the recipe throws for groups that do not divide a row.
  init(_ remap: RemapPlan, recipe: Recipe) throws(WeightsError) {
    self.remap = remap
    self.recipe = recipe
    let ledger = Dictionary(
      remap.ledger.map { (SourceName(source: $0.source, name: $0.tensor.name), $0.tensor.dtype) },
      uniquingKeysWith: { first, _ in first })
    var tensors: [StoredTensor] = []
    for (index, planned) in remap.tensors.enumerated() {
      let source: DType =
        if case .source(let source, let inputs, _, _) = planned.origin {
          ledger[SourceName(source: source, name: inputs[0])] ?? .f32
        } else { .f32 }
      tensors += try Self.stored(planned, index, source, recipe)
    }
    self.tensors = tensors
  }

  private static func stored(
    _ planned: PlannedTensor, _ index: Int, _ source: DType, _ recipe: Recipe
  ) throws(WeightsError) -> [StoredTensor] {
    func tensor(
      _ name: TensorName, _ dtype: DType, _ shape: Shape, _ content: StoredTensor.Content
    ) throws(WeightsError) -> StoredTensor {
      guard let info = TensorInfo(name: name, dtype: dtype, shape: shape) else {
        throw WeightsError(.remapShape, tensor: name.string, "\(shape) overflows 63 bits")
      }
      return StoredTensor(info: info, content: content, planned: index, sourceDType: source)
    }
    let name = planned.name
    // A leftover is kept as it came, whatever the recipe: nothing reads it but a round trip.
    let precision =
      name.string.hasPrefix(unusedPrefix)
      ? TensorPrecision.source
      : recipe.precision(for: name, shape: planned.shape, dtype: source)
    if precision != .source, !source.isConvertibleFloat {
      throw WeightsError(
        .recipeDType, tensor: name.string,
        "the recipe asks for \(precision), but \(source.rawValue) is not converted; expected F32, "
          + "F16 or BF16")
    }
    switch precision {
    case .source: return [try tensor(name, source, planned.shape, .values)]
    case .f32: return [try tensor(name, .f32, planned.shape, .values)]
    case .bf16: return [try tensor(name, .bf16, planned.shape, .values)]
    case .int8(let scheme):
      let quantizer = try Int8Quantizer(tensor: name, shape: planned.shape, scheme: scheme)
      return [
        try tensor(name, .i8, planned.shape, .int8(quantizer)),
        try tensor(
          TensorName(name.string + "_scale"), .bf16, quantizer.scaleShape, .scales),
      ]
    }
  }
}

struct SourceName: Hashable {
  let source: Int
  let name: TensorName
}

extension WeightsError.Code {
  /// The recipe asks to convert a tensor whose type is no float.
  public static let recipeDType = Self("recipe.dtype")
}
