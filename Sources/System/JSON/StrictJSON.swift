public import DVLADiagnostics

/// Reads JSON text (RFC 8259) strictly: a text is either read the one way every correct reader
/// reads it, or refused with the place and the rule.
///
/// Beyond the grammar it refuses equal keys in one object (compared by their bytes after
/// unescaping), NUL in keys, lone surrogates, integers beyond 64 bits, numbers beyond double
/// range, byte order marks, and texts beyond the limits. A text that passes is read by json-c.
public enum StrictJSON {
  /// - Throws: one of the codes `json.*` but those of ``JSONReader``, with line and column
  ///   but for `json.disagreement` and `json.too-large`, of which the latter comes before anything
  ///   is read.
  public static func parse(
    _ bytes: RawSpan, limits: JSONLimits = .default
  ) throws(WeightsError) -> JSONValue {
    try checkByteCount(bytes, limits)
    // The buffer stays inside this call; ByteText and JSONCParser only read it.
    return unsafe try bytes.withUnsafeBytes { (buffer) throws(WeightsError) in
      let text = unsafe ByteText(buffer)
      let accepted = try Gate.check(text, limits: limits)
      guard accepted.negativeZeroEnds.isEmpty else {
        let spelledOut = text.spellingOutNegativeZeros(endingAt: accepted.negativeZeroEnds)
        guard spelledOut.count <= JSONLimits.byteCountCeiling else {
          throw WeightsError(
            .jsonTooLarge, .malformed,
            "expected fewer literals \"-0\", found \(accepted.negativeZeroEnds.count)")
        }
        return unsafe try spelledOut.span.withUnsafeBytes { (buffer) throws(WeightsError) in
          unsafe try JSONCParser.parse(buffer, valueCount: accepted.valueCount, limits: limits)
        }
      }
      return unsafe try JSONCParser.parse(
        buffer, valueCount: accepted.valueCount, limits: limits)
    }
  }

  /// Checks a text as ``parse(_:limits:)-(RawSpan,_)`` does, without building its value.
  ///
  /// - Throws: as that one, but for `json.disagreement`.
  public static func check(_ bytes: RawSpan, limits: JSONLimits = .default) throws(WeightsError) {
    try checkByteCount(bytes, limits)
    // The buffer stays inside this call.
    _ = unsafe try bytes.withUnsafeBytes { (buffer) throws(WeightsError) in
      try Gate.check(unsafe ByteText(buffer), limits: limits)
    }
  }

  private static func checkByteCount(
    _ bytes: RawSpan, _ limits: JSONLimits
  ) throws(WeightsError) {
    guard bytes.byteCount <= limits.maximumByteCount else {
      throw WeightsError(
        .jsonTooLarge, .malformed,
        "expected JSON text of at most \(limits.maximumByteCount) bytes, found "
          + "\(bytes.byteCount)")
    }
  }

  /// - Throws: as ``parse(_:limits:)-(RawSpan,_)``.
  public static func parse(
    _ bytes: [UInt8], limits: JSONLimits = .default
  ) throws(WeightsError) -> JSONValue {
    unsafe try parse(bytes.span.bytes, limits: limits)
  }

  /// - Throws: as ``parse(_:limits:)-(RawSpan,_)``.
  public static func parse(
    _ text: String, limits: JSONLimits = .default
  ) throws(WeightsError) -> JSONValue {
    unsafe try parse(text.utf8.span.bytes, limits: limits)
  }
}

extension ByteText {
  /// The text with `-0` written as `-0.0`, since json-c reads the former as the integer 0.
  fileprivate func spellingOutNegativeZeros(endingAt ends: [Int]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count + 2 * ends.count)
    var start = 0
    for end in ends {
      for offset in start..<end { result.append(self[offset]) }
      result.append(contentsOf: ".0".utf8)
      start = end
    }
    for offset in start..<count { result.append(self[offset]) }
    return result
  }
}
