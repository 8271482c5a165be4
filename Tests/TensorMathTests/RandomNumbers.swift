import DVLATensors

/// The same numbers in every run.
struct RandomNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func word() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  /// A whole number up to `limit` in either direction.
  mutating func integer(_ limit: Int) -> Int {
    Int(word() >> 33) % (2 * limit + 1) - limit
  }

  /// Whole numbers up to `limit`, of which float32 sums are exact in any order.
  mutating func integers(_ shape: Shape, limit: Int) -> Tensor {
    Tensor((0..<shape.elementCount).map { _ in Float(integer(limit)) }, shape: shape)
  }

  /// Numbers between -1 and 1 that take all the bits of a float32.
  mutating func reals(_ shape: Shape) -> Tensor {
    Tensor(
      (0..<shape.elementCount).map { _ in Float(integer(1 << 23)) / Float(1 << 23) }, shape: shape)
  }
}
