public import DVLAQuantization
import DVLARemapping
public import DVLATensors

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
