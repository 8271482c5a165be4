/// A sum without rounding, so that it does not depend on the order of its terms.
///
/// A fixed-point number of 640 bits, two's complement, in limbs of 32 bits whose lowest bit
/// weighs 2^-298: the square of the smallest float32. Twenty limbs reach to 2^341, the squares of
/// the largest float32 summed 2^85 times.
///
/// Source: U. Kulisch, the long accumulator.
struct ExactSum: Equatable, Sendable {
  /// All but the last are in 0..<2^32; the last carries the sign.
  private var limbs = [Int64](repeating: 0, count: limbCount)

  static let limbCount = 20
  private static let lowestExponent = -298

  /// The limbs, for ``ErrorSums/words``.
  var words: [Int64] { limbs }

  init() {}

  /// Nil where the words are not those of a sum.
  init?(words: some Collection<Int64>) {
    guard words.count == Self.limbCount,
      words.dropLast().allSatisfy({ 0...0xFFFF_FFFF ~= $0 }),
      words.allSatisfy({ $0.magnitude <= 0xFFFF_FFFF })
    else { return nil }
    limbs = Array(words)
  }

  /// Adds a multiple of 2^-298, as every sum of products of float32 values is.
  ///
  /// - Precondition: `value` is finite and below 2^300 in magnitude.
  mutating func add(_ value: Double) {
    guard value != 0 else { return }
    precondition(value.magnitude < 0x1p300, "terms that fit the sum")
    // value = significand * 2^(position + lowestExponent), with 53 bits of significand.
    var significand = value.significandBitPattern | 1 << 52
    var position = Int(value.exponent) - 52 - Self.lowestExponent
    if position < 0 {
      significand >>= UInt64(-position)
      position = 0
    }
    let (high, low) = Self.shifted(significand, by: position % 32)
    let sign: Int64 = value < 0 ? -1 : 1
    let first = position / 32
    carry(sign * Int64(low & 0xFFFF_FFFF), into: first)
    carry(sign * Int64(low >> 32), into: first + 1)
    carry(sign * Int64(high), into: first + 2)
  }

  mutating func add(_ other: ExactSum) {
    for index in limbs.indices { carry(other.limbs[index], into: index) }
  }

  /// Adds to a limb and moves what does not fit to the next ones.
  private mutating func carry(_ amount: Int64, into start: Int) {
    var amount = amount
    var index = start
    while amount != 0 {
      let sum = limbs[index] + amount
      if index == Self.limbCount - 1 {
        limbs[index] = sum
        return
      }
      limbs[index] = sum & 0xFFFF_FFFF
      amount = sum >> 32
      index += 1
    }
  }

  private static func shifted(_ value: UInt64, by bits: Int) -> (high: UInt64, low: UInt64) {
    (bits == 0 ? 0 : value >> UInt64(64 - bits), value << UInt64(bits))
  }

  /// The sum, rounded to nearest once.
  var value: Double {
    if limbs[Self.limbCount - 1] < 0 {
      var opposite = ExactSum()
      for index in limbs.indices { opposite.carry(-limbs[index], into: index) }
      return -opposite.value
    }
    guard let top = limbs.lastIndex(where: { $0 != 0 }) else { return 0 }
    // The 64 bits from the highest one down; what lies below only matters as "more than a tie".
    let lead = UInt64(limbs[top]).leadingZeroBitCount - 32
    var bits: UInt64 = 0
    for offset in 0..<3 where top - offset >= 0 {
      let limb = UInt64(limbs[top - offset])
      let shift = 32 - 32 * offset + lead
      if shift >= 0 {
        bits |= limb << UInt64(shift)
      } else {
        bits |= limb >> UInt64(-shift)
        if limb & (1 << UInt64(-shift) - 1) != 0 { bits |= 1 }
      }
    }
    if top >= 3, limbs[..<(top - 2)].contains(where: { $0 != 0 }) { bits |= 1 }
    let exponent = Self.lowestExponent + 32 * top - 32 - lead
    return Double(sign: .plus, exponent: exponent, significand: Double(bits))
  }
}
