import DVLABundles
public import DVLADiagnostics
public import DVLAQuantization
public import DVLARemapping
import DVLASafetensors
public import DVLATensors

/// Every tensor that a bundle will hold, with its precision, decided before a weight is read.
public struct ConversionPlan: Sendable {
  public let remap: RemapPlan
  public let recipe: Recipe
  /// In the order of the file.
  public let tensors: [StoredTensor]
  /// What each stored tensor is made of: the remap plan's tensors, then scales that a source has.
  let origins: [PlannedTensor]
  /// Indices of the origins that are INT8 in a source and stay so.
  let givenInt8: Set<Int>

  /// - Parameters:
  ///   - quantized: the INT8 tensors of each source.
  ///   - calibration: for compensated rounding. Without it what the recipe rounds so cannot be
  ///     made.
  /// - Throws: `convert.too-large` for more than a bundle holds, what the recipe throws for
  ///   groups that do not divide a row, and `quantization.*` for INT8 that cannot stay what it is.
  init(
    _ remap: RemapPlan, recipe: Recipe, quantized: [QuantizedSource],
    calibration: Calibration? = nil
  ) throws(WeightsError) {
    let given = GivenScales(quantized, recipe: recipe)
    self.remap = given.completed(remap)
    self.recipe = recipe
    let ledger = Dictionary(
      remap.ledger.map { (SourceName(source: $0.source, name: $0.tensor.name), $0.tensor.dtype) },
      uniquingKeysWith: { first, _ in first })
    var tensors: [StoredTensor] = []
    var origins = remap.tensors
    var givenInt8: Set<Int> = []
    for (index, planned) in remap.tensors.enumerated() {
      var source: DType =
        if case .source(let source, let inputs, _, _) = planned.origin {
          ledger[SourceName(source: source, name: inputs[0])] ?? .f32
        } else { .f32 }
      switch try given.fate(of: planned) {
      case .stays(let granularity, let scales, let from, let dtype):
        givenInt8.insert(index)
        origins.append(scales)
        tensors.append(
          try Self.stored(
            planned, index, .i8, from: .i8, .givenInt8(granularity, scales: from)))
        tensors.append(
          try Self.stored(scales, origins.count - 1, dtype, from: from, .givenScales))
        continue
      case .becomesFloat(let dtype): source = dtype
      case .isFloat: break
      }
      do throws(WeightsError) {
        tensors += try Self.stored(planned, index, source, recipe, calibration)
      } catch {
        guard case .source(let source, _, _, _) = planned.origin else { throw error }
        throw error.inFile(quantized[source].checkpoint.path)
      }
    }
    self.tensors = tensors
    self.origins = origins
    self.givenInt8 = givenInt8
    try Self.requireRoom(tensors)
  }

  /// A chunk takes this many bytes of the header at least: its hash and a digit of its size.
  private static let leastRecordByteCount = 66

  /// Drawn tensors have the size that a configuration says, with no file behind it, so the sum is
  /// looked at before anything is planned byte by byte.
  private static func requireRoom(_ tensors: [StoredTensor]) throws(WeightsError) {
    let limit = BundleLayout.headerByteCount / leastRecordByteCount
    var left = limit
    for tensor in tensors {
      let count = BundleLayout.chunkCount(of: tensor.info.byteCount)
      guard count <= left else {
        throw WeightsError(
          .convertTooLarge, .cannotCreate, tensor: tensor.info.name.string,
          "the bundle would hold more than \(limit) chunks of \(BundleLayout.chunkByteCount) "
            + "bytes, which is all that the header has room for")
      }
      left -= count
    }
  }

  private static func stored(
    _ planned: PlannedTensor, _ index: Int, _ dtype: DType, from source: DType,
    _ content: StoredTensor.Content
  ) throws(WeightsError) -> StoredTensor {
    guard let info = TensorInfo(name: planned.name, dtype: dtype, shape: planned.shape) else {
      throw WeightsError(
        .remapShape, tensor: planned.name.string, "\(planned.shape) overflows 63 bits")
    }
    return StoredTensor(info: info, content: content, planned: index, sourceDType: source)
  }

  private static func stored(
    _ planned: PlannedTensor, _ index: Int, _ source: DType, _ recipe: Recipe,
    _ calibration: Calibration?
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
    // A leftover is kept as it came under every recipe: only a round trip reads it. A
    // tensor without elements has nothing to convert, and no rows to scale.
    let precision =
      name.string.hasPrefix(unusedPrefix) || planned.shape.elementCount == 0
      ? TensorPrecision.source
      : recipe.precision(for: name, shape: planned.shape, dtype: source)
    if !name.string.hasPrefix(unusedPrefix), !source.isConvertibleFloat {
      throw WeightsError(
        .recipeDType, tensor: name.string,
        "is \(source.rawValue), which no model computes with; expected F32, F16 or BF16, or I8 "
          + "with its scales in a tensor of the same name and \"_scale\"")
    }
    switch precision {
    case .source: return [try tensor(name, source, planned.shape, .values)]
    case .f32: return [try tensor(name, .f32, planned.shape, .values)]
    case .bf16: return [try tensor(name, .bf16, planned.shape, .values)]
    case .int8(let scheme):
      let quantizer = try Int8Quantizer(
        tensor: name, shape: planned.shape, scheme: scheme, factors: calibration?.factors[name])
      guard planned.shape[1] <= Int8Quantizer.columnLimit else {
        throw WeightsError(
          .convertTooLarge, .unavailable, tensor: name.string,
          "int8 takes whole rows into memory: expected at most \(Int8Quantizer.columnLimit) "
            + "columns, found the shape \(planned.shape)")
      }
      return [
        try tensor(name, .i8, planned.shape, .int8(quantizer)),
        try tensor(
          name.scales, .bf16, quantizer.scaleShape, .scales),
      ]
    }
  }
}

extension ConversionPlan {
  /// Every stored tensor in blocks, in the order of the file; scales come with their values.
  var blocks: [StoredBlock] {
    var blocks: [StoredBlock] = []
    for (index, tensor) in tensors.enumerated() {
      if case .scales = tensor.content { continue }
      let byteCount = tensor.info.byteCount
      var start = 0
      // A tensor without elements still has a last block.
      repeat {
        let end = min(start + BlockEncoder.blockByteCount, byteCount)
        blocks.append(StoredBlock(tensor: index, range: start..<end, isLast: end == byteCount))
        start = end
      } while start < byteCount
    }
    return blocks
  }
}

/// One tensor as the bundle stores it, and what it is made from.
public struct StoredTensor: Sendable {
  public let info: TensorInfo
  public let content: Content
  /// Index among the plan's origins.
  let planned: Int
  /// Its type before anything is done to it.
  public let sourceDType: DType

  public enum Content: Sendable {
    /// The values, as they are or in another float type.
    case values
    /// INT8 values; the scales are the next stored tensor.
    case int8(Int8Quantizer)
    /// BF16 scales of the stored tensor before.
    case scales
    /// INT8 values as the source has them, with scales of that type; the scales are the next
    /// stored tensor.
    case givenInt8(Int8Scheme.Granularity, scales: DType)
    /// The source's scales of the stored tensor before, as they are or in a type that holds all of
    /// them.
    case givenScales
  }

  /// Bytes of the values before anything is done to them; 0 for scales, which come with theirs.
  var sourceByteCount: Int {
    if case .scales = content { return 0 }
    return info.shape.elementCount * sourceDType.bitWidth / 8
  }

  /// Whether the source can be had back bit for bit.
  public var isLossless: Bool {
    switch content {
    case .givenInt8, .givenScales: return true
    case .int8, .scales: return false
    case .values: break
    }
    switch (sourceDType, info.dtype) {
    case (let a, let b) where a == b: return true
    case (.bf16, .f32), (.f16, .f32): return true
    default: return false
    }
  }
}

/// A range of a stored tensor's bytes that one thread makes at a time.
struct StoredBlock: Sendable {
  /// Index of the stored tensor.
  let tensor: Int
  let range: Range<Int>
  let isLast: Bool
}

private struct SourceName: Hashable {
  let source: Int
  let name: TensorName
}

extension WeightsError.Code {
  /// A tensor or the whole of them has more than a bundle holds.
  public static let convertTooLarge = Self("convert.too-large")
  /// A tensor of a type that no model computes with.
  public static let recipeDType = Self("recipe.dtype")
}
