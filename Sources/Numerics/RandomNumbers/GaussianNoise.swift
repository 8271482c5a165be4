public import DVLATensors

/// Standard normal float32 values from a seed: the same bits on every machine, with every version
/// of the C library and on any number of threads. Each value is computed without the ones before
/// it.
///
/// Value `i` (from 0 on) is made so:
///
/// 1. `n` is the upper 52 bits of output `i + 1` of ``SplitMix64``, whose key is SplitMix64's
///    output function of the seed, so that neighbouring seeds share no stretch of their sequences;
/// 2. `p = (2 n + 1) · 2^-53`, exact in double: above 0, below 1, symmetric about 1/2;
/// 3. the value is ``NormalDistribution/quantile(_:)`` of `p`, rounded once to float32.
///
/// No value is beyond ±8.21. Other generators (NumPy's, PyTorch's, JAX's) draw other values from
/// the same seed.
public struct GaussianNoise: Sendable, Hashable {
  private let bits: SplitMix64

  public init(seed: UInt64) { bits = SplitMix64(seed: seed) }

  /// - Precondition: `index` is not negative.
  public subscript(index: Int) -> Float {
    precondition(index >= 0, "values are counted from 0")
    let n = bits[UInt64(index) + 1] >> 12
    return Float(NormalDistribution.quantile(Double(2 * n + 1) * 0x1p-53))
  }

  /// The first values, row-major.
  public func tensor(_ shape: Shape) -> Tensor {
    Tensor((0..<shape.elementCount).map { self[$0] }, shape: shape)
  }
}

/// SplitMix64 read at a counter: output `n` is computed without the ones before it, so that any
/// number of threads draw the same numbers.
///
/// Source: Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (OOPSLA 2014).
public struct SplitMix64: Sendable, Hashable {
  private let key: UInt64

  public init(key: UInt64) { self.key = key }

  /// The sequence of a seed, in which seeds next to each other have nothing in common.
  public init(seed: UInt64) { key = Self.mix(seed) }

  /// Output `counter` of the sequence that starts from the key; the first is 1.
  public subscript(counter: UInt64) -> UInt64 {
    Self.mix(key &+ counter &* 0x9E37_79B9_7F4A_7C15)
  }

  /// The output function: a bijection of 64 bits.
  static func mix(_ state: UInt64) -> UInt64 {
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
