internal import DVLACKernels

/// The processor instructions a kernel is compiled for. Every set gives the same bits.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// What every processor of the architecture has: SSE2 on x86-64, Advanced SIMD on arm64.
  case portable
  case avx2
  /// AVX-512 F, BW, DQ and VL.
  case avx512
  /// `portable` on arm64 with its conversion instructions for half precision.
  case neon

  /// The sets that this processor and its operating system support, slowest first.
  public static let available: [InstructionSet] = allCases.filter { unsafe $0.lookUp() != nil }

  /// The fastest set of this processor.
  public static let best: InstructionSet = available.last ?? .portable

  /// The kernels of the set.
  ///
  /// - Precondition: the set is ``available``.
  var kernels: dvla_kernels {
    guard let table = unsafe lookUp() else {
      preconditionFailure("this processor has no \(rawValue) instructions")
    }
    // The table is a constant of the C target: it is never freed or changed.
    return unsafe table.pointee
  }

  private func lookUp() -> UnsafePointer<dvla_kernels>? {
    let set =
      switch self {
      case .portable: DVLA_PORTABLE
      case .avx2: DVLA_AVX2
      case .avx512: DVLA_AVX512
      case .neon: DVLA_NEON
      }
    return unsafe dvla_kernels_for(set)
  }
}
