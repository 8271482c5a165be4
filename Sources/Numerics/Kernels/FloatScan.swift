internal import DVLACKernels
public import DVLATensors

/// The NaNs and infinities among floating-point elements.
public struct FloatScan: Equatable, Sendable {
  public var nanCount: Int
  public var infinityCount: Int
  /// Index of the first element that is not finite, or nil when all are.
  public var firstNonFinite: Int?

  public init(nanCount: Int, infinityCount: Int, firstNonFinite: Int?) {
    self.nanCount = nanCount
    self.infinityCount = infinityCount
    self.firstNonFinite = firstNonFinite
  }

  /// The floating-point types that can be scanned.
  public enum Format: Sendable {
    case f32, bf16, f16

    /// Nil for types without NaN and infinity, and for those that the toolkit does not compute
    /// with.
    public init?(_ dtype: DType) {
      switch dtype {
      case .f32: self = .f32
      case .bf16: self = .bf16
      case .f16: self = .f16
      default: return nil
      }
    }
  }

  /// Counts what is not finite among a tensor's elements; nil where ``Format/init(_:)`` is.
  public static func scan(_ elements: RawSpan, of dtype: DType) -> FloatScan? {
    Format(dtype).map { scan(elements, $0) }
  }

  /// Counts what is not finite.
  ///
  /// - Precondition: the bytes are whole little-endian elements.
  public static func scan(
    _ elements: RawSpan, _ format: Format, using set: InstructionSet = .best
  ) -> FloatScan {
    let count = elementCount(elements, width: format == .f32 ? 4 : 2)
    let kernels = set.kernels
    let kernel =
      switch format {
      case .f32: unsafe kernels.scan_f32
      case .bf16: unsafe kernels.scan_bf16
      case .f16: unsafe kernels.scan_f16
      }
    var found = dvla_scan_result(nan_count: 0, infinity_count: 0, first: -1)
    unsafe elements.withUnsafeBytes { elements in
      // The invariants of KernelCall.swift hold: `count` was checked above.
      guard let address = elements.baseAddress else { return }
      unsafe kernel(address, count, &found)
    }
    return FloatScan(
      nanCount: Int(found.nan_count), infinityCount: Int(found.infinity_count),
      firstNonFinite: found.first < 0 ? nil : found.first)
  }
}
