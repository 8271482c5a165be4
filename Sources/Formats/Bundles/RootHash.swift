import DVLADiagnostics
import DVLAHashing

/// The hash that binds every bit of a header: SHA-256 over all of it (the eight bytes of its
/// length, the JSON text, the padding), with the 64 digits of the hash itself replaced by `0`.
enum RootHash {
  /// What replaces the digits while the hash is computed.
  static let placeholder = String(repeating: "0", count: Digest.hexCount)

  private static let marker = Array(#""root":""#.utf8)

  /// Where the digits are.
  ///
  /// The marker can occur only once in a sound header: inside a JSON string its quotes would be
  /// escaped, and no other object of a bundle's header has a key that ends in `root` with a
  /// string for its value.
  ///
  /// - Throws: `bundle.root-form`.
  static func digits(in header: [UInt8]) throws(WeightsError) -> Range<Int> {
    var found: Range<Int>?
    var start = 0
    while let position = header.firstRange(of: marker, from: start) {
      guard found == nil else {
        throw WeightsError(
          .bundleRootForm, .malformed, "expected one root hash in the header, found several")
      }
      found = position + marker.count..<position + marker.count + Digest.hexCount
      start = position + marker.count
    }
    guard let found, found.upperBound < header.count,
      header[found.upperBound] == UInt8(ascii: "\"")
    else {
      throw WeightsError(
        .bundleRootForm, .malformed,
        #"expected the root hash as "root":"<64 hexadecimal digits>", found none"#)
    }
    return found
  }

  /// The root hash of a complete header, of which the digits at that place do not count.
  static func compute(_ header: [UInt8], digits: Range<Int>) -> Digest {
    var hash = SHA256()
    let bytes = unsafe header.span.bytes
    hash.update(bytes.extracting(0..<digits.lowerBound))
    hash.update(Array(placeholder.utf8))
    hash.update(bytes.extracting(digits.upperBound..<bytes.byteCount))
    return hash.finalize()
  }

  /// Recomputes the root hash and compares.
  ///
  /// - Throws: `bundle.root-form`, `bundle.root`.
  static func check(_ header: [UInt8]) throws(WeightsError) -> Digest {
    let digits = try digits(in: header)
    guard let stated = Digest(hexDigits: header.span.extracting(digits)) else {
      throw WeightsError(
        .bundleRootForm, .malformed,
        "expected a root hash of 64 lowercase hexadecimal digits, found "
          + String(decoding: header[digits], as: UTF8.self).quoted)
    }
    let computed = compute(header, digits: digits)
    guard stated == computed else {
      throw WeightsError(
        .bundleRoot, .malformed,
        "the header (bytes 0..<\(header.count)) is damaged or was changed: it states the root hash "
          + "\(stated), but its bytes give \(computed); copy or download the bundle again")
    }
    return stated
  }
}

extension [UInt8] {
  /// Where `pattern` first occurs at or after `start`.
  fileprivate func firstRange(of pattern: [UInt8], from start: Int) -> Int? {
    guard let first = pattern.first, count >= pattern.count else { return nil }
    var position = start
    while position <= count - pattern.count {
      if self[position] == first, self[position..<position + pattern.count].elementsEqual(pattern) {
        return position
      }
      position += 1
    }
    return nil
  }
}
