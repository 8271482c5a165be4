import DVLADiagnostics
import DVLAHashing
import DVLAJSON

/// Hashes of one kind as the table of tensors holds them: lowercase hexadecimal digits, joined.
enum HexDigits {
  /// - Throws: `bundle.hash-form` unless there are the digits of exactly `count` hashes.
  static func read<Hash: HexRepresentable>(
    _ reader: JSONReader, count: Int
  ) throws(WeightsError) -> [Hash] {
    let digits = Array(try reader.string().utf8)
    // The count is that of an array that was read, so the product is in range.
    guard digits.count == count * Hash.hexCount else {
      throw reader.failure(
        .bundleHashForm,
        "expected \(count * Hash.hexCount) hexadecimal digits for \(count) chunks, found"
          + " \(digits.count) bytes")
    }
    var hashes: [Hash] = []
    hashes.reserveCapacity(count)
    for index in 0..<count {
      let start = index * Hash.hexCount
      guard let hash = Hash(hexDigits: digits.span.extracting(start..<start + Hash.hexCount)) else {
        throw reader.failure(
          .bundleHashForm,
          "expected \(Hash.hexCount) lowercase hexadecimal digits for chunk \(index), found others")
      }
      hashes.append(hash)
    }
    return hashes
  }
}

/// A hash that is written in a fixed number of lowercase hexadecimal digits.
protocol HexRepresentable {
  static var hexCount: Int { get }
  /// Nil unless there are exactly so many digits, each one of `0`–`9` and `a`–`f`.
  init?(hexDigits: Span<UInt8>)
  var hex: String { get }
}

extension Digest: HexRepresentable {}

extension UInt64: HexRepresentable {
  static var hexCount: Int { Hexadecimal.wordDigitCount }

  init?(hexDigits digits: Span<UInt8>) {
    guard digits.count == Self.hexCount, let word = Hexadecimal.word(in: digits, at: 0) else {
      return nil
    }
    self = word
  }

  var hex: String { Hexadecimal.digits(of: self) }
}
