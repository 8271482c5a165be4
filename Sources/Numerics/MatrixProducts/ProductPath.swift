internal import DVLACProducts

/// The instructions that products with stored weights are computed by.
///
/// Those of float32 multiply weights of every type, the others those of their own. All float32
/// paths give the same bits, and all INT8 paths. So do the first two BF16 paths, except for
/// subnormal numbers, which the instructions treat as zero.
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
  /// Fused multiply-adds, one after the other; arm64's instructions where that is the processor.
  case f32Portable = "f32-portable"
  /// VFMADD on 256 bits.
  case f32AVX2 = "f32-avx2"
  /// VFMADD on 512 bits.
  case f32AVX512 = "f32-avx512"

  /// The paths that this processor and its operating system support.
  public static let available: [ProductPath] = allCases.filter { path in
    WeightType.allCases.contains { unsafe path.lookUp($0) != nil }
  }

  /// The fastest path here for weights in bfloat16 multiplied as they are.
  public static let bestOfBF16: ProductPath =
    available.last { $0.nativeWeights == .bf16 } ?? .bf16Portable

  /// The fastest path here for weights in 8-bit integers multiplied as they are.
  public static let bestOfInt8: ProductPath =
    available.last { $0.isOfInt8 && $0.isFast } ?? .int8Portable

  /// The fastest path here in float32, or nil where the processor has no fused multiply-adds: then
  /// ``MatrixProduct`` is faster.
  public static let bestOfF32: ProductPath? = available.last {
    $0.nativeWeights == .f32 && $0.isFast
  }

  /// How weights may be stored.
  public enum WeightType: Sendable, CaseIterable {
    case f32, f16, bf16, int8

    var byteWidth: Int {
      switch self {
      case .f32: 4
      case .f16, .bf16: 2
      case .int8: 1
      }
    }

    var inC: dvla_weight_type {
      switch self {
      case .f32: DVLA_F32_WEIGHTS
      case .f16: DVLA_F16_WEIGHTS
      case .bf16: DVLA_BF16_WEIGHTS
      case .int8: DVLA_INT8_WEIGHTS
      }
    }
  }

  /// The type that the path multiplies: weights of others are widened to float32 first, by paths of
  /// float32, and not accepted by others.
  public var nativeWeights: WeightType {
    switch self {
    case .bf16Portable, .bf16AVX512, .bf16NEON: .bf16
    case .int8Portable, .int8AVX2, .int8AVXVNNI, .int8AVX512VNNI, .int8AVX512Inner, .int8NEONDot:
      .int8
    case .f32Portable, .f32AVX2, .f32AVX512: .f32
    }
  }

  public var isOfInt8: Bool { nativeWeights == .int8 }

  /// Whether its instructions multiply more in a cycle of this processor than those of the paths
  /// before it for the same weights and, where those are not float32, than those of float32.
  public var isFast: Bool { dvla_product_path_is_fast(inC) }

  /// The path of the same bits that is the fastest for so few tokens: of one that prepares weights
  /// at length, the one before it.
  public func suited(toTokens tokens: Int) -> ProductPath {
    self == .int8AVX512Inner && tokens < 12 ? .int8AVX512VNNI : self
  }

  /// The kernels of the path: a constant of the C target, never freed or changed.
  ///
  /// - Precondition: the path is ``available``, and multiplies such weights.
  func kernels(for weights: WeightType) -> OpaquePointer {
    guard let kernels = unsafe lookUp(weights) else {
      preconditionFailure("no instructions for \(rawValue) here, or not for weights in \(weights)")
    }
    return unsafe kernels
  }

  private func lookUp(_ weights: WeightType) -> OpaquePointer? {
    unsafe dvla_product_kernels_for(inC, weights.inC)
  }

  var inC: dvla_product_path {
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
    case .f32Portable: DVLA_F32_PORTABLE
    case .f32AVX2: DVLA_F32_AVX2
    case .f32AVX512: DVLA_F32_AVX512
    }
  }
}
