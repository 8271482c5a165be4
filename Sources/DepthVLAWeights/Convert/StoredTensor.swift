public import Quantization
import Remapping
public import TensorCore

/// One tensor as the bundle stores it, and what it is made from.
public struct StoredTensor: Sendable {
  public let info: TensorInfo
  public let content: Content
  /// Index of the layout tensor in the plan.
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
  }

  /// Bytes of the values before anything is done to them; 0 for scales, which come with theirs.
  var sourceByteCount: Int {
    if case .scales = content { return 0 }
    return info.shape.elementCount * sourceDType.bitWidth / 8
  }

  /// Whether the source can be had back bit for bit.
  public var isLossless: Bool {
    guard case .values = content else { return false }
    switch (sourceDType, info.dtype) {
    case (let a, let b) where a == b: return true
    case (.bf16, .f32), (.f16, .f32): return true
    default: return false
    }
  }
}
