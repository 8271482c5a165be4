internal import DVLACProducts

/// The instructions that products with stored weights are computed by.
///
/// All INT8 paths give the same bits. So do the first two BF16 paths, except for subnormal numbers,
/// which the instructions treat as zero.
public enum ProductPath: String, CaseIterable, Sendable {
  /// Plain arithmetic with the results of `bf16AVX512`.
  case bf16Portable = "bf16-portable"
  /// VDPBF16PS.
  case bf16AVX512 = "bf16-avx512"
  /// BFDOT, which rounds the sum of two products in its own way.
  case bf16NEON = "bf16-neon"
  case int8Portable = "int8-portable"
  /// VPMADDWD, by Winograd's inner product.
  case int8AVX2 = "int8-avx2"
  /// VPDPWSSD on 256 bits.
  case int8AVXVNNI = "int8-avx-vnni"
  /// VPDPBUSD on 512 bits, once for each byte of a token's integers.
  case int8AVX512VNNI = "int8-avx512-vnni"
  /// VPDPWSSD on 512 bits, by Winograd's inner product.
  case int8AVX512Inner = "int8-avx512-inner"
  /// SDOT.
  case int8NEONDot = "int8-neon-dot"

  /// The paths that this processor and its operating system support.
  public static let available: [ProductPath] = allCases.filter { unsafe $0.lookUp() != nil }

  /// The fastest path here for weights in bfloat16.
  public static let bestOfBF16: ProductPath =
    available.last { !$0.isOfInt8 } ?? .bf16Portable

  /// The fastest path here for weights in 8-bit integers.
  public static let bestOfInt8: ProductPath =
    available.last { $0.isOfInt8 && $0.isFast } ?? .int8Portable

  public var isOfInt8: Bool {
    switch self {
    case .bf16Portable, .bf16AVX512, .bf16NEON: false
    case .int8Portable, .int8AVX2, .int8AVXVNNI, .int8AVX512VNNI, .int8AVX512Inner, .int8NEONDot:
      true
    }
  }

  /// Whether its instructions multiply more in a cycle of this processor than those of float32 and
  /// of the paths before it.
  public var isFast: Bool { dvla_product_path_is_fast(path) }

  /// The path of the same bits that is the fastest for so few tokens: of one that prepares weights
  /// at length, the one before it.
  public func suited(toTokens tokens: Int) -> ProductPath {
    self == .int8AVX512Inner && tokens < 12 ? .int8AVX512VNNI : self
  }

  /// The kernels of the path: a constant of the C target, never freed or changed.
  ///
  /// - Precondition: the path is ``available``.
  var kernels: OpaquePointer {
    guard let kernels = unsafe lookUp() else {
      preconditionFailure("this processor has no instructions for \(rawValue)")
    }
    return unsafe kernels
  }

  private func lookUp() -> OpaquePointer? { unsafe dvla_product_kernels_for(path) }

  private var path: dvla_product_path {
    switch self {
    case .bf16Portable: DVLA_BF16_PORTABLE
    case .bf16AVX512: DVLA_BF16_AVX512
    case .bf16NEON: DVLA_BF16_NEON
    case .int8Portable: DVLA_INT8_PORTABLE
    case .int8AVX2: DVLA_INT8_AVX2
    case .int8AVXVNNI: DVLA_INT8_AVX_VNNI
    case .int8AVX512VNNI: DVLA_INT8_AVX512_VNNI
    case .int8AVX512Inner: DVLA_INT8_AVX512_INNER
    case .int8NEONDot: DVLA_INT8_NEON_DOT
    }
  }
}
