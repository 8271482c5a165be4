/// SplitMix64 read at a counter: output `n` is had without the ones before, so that any number of
/// threads draw the same numbers.
///
/// Source: Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (OOPSLA 2014).
public struct SplitMix64: Sendable, Hashable {
  private let key: UInt64

  public init(key: UInt64) { self.key = key }

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
