public import DVLADiagnostics

extension SafetensorsHeader {
  /// Parses the header of a whole file in memory.
  ///
  /// - Throws: as ``parse(_:fileByteCount:limits:)``; `safetensors.other-format` when it is a file
  ///   of another known kind, `too-short`, `header-empty`, `header-past-end`, `header-too-large`.
  ///   The errors do not name the file.
  public static func parse(
    file bytes: [UInt8], limits: SafetensorsLimits = .default
  ) throws(WeightsError) -> Self {
    do throws(WeightsError) {
      let count = try byteCount(
        prefix: Array(bytes.prefix(8)), fileByteCount: bytes.count, limits: limits)
      return unsafe try parse(
        bytes.span.bytes.extracting(8..<8 + count), fileByteCount: bytes.count, limits: limits)
    } catch {
      throw unsafe error.namingKind(ofFileWith: bytes.span.bytes)
    }
  }

  /// The length of the header, proved to lie within the file and the limits.
  ///
  /// - Parameter prefix: the first 8 bytes, or fewer where the file ends.
  static func byteCount(
    prefix: [UInt8], fileByteCount: Int, limits: SafetensorsLimits
  ) throws(WeightsError) -> Int {
    guard prefix.count == 8 else {
      throw WeightsError(
        .safetensorsTooShort,
        "\(prefix.count) bytes, expected at least the 8 of the header length")
    }
    let length = prefix.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard length > 0 else {
      throw WeightsError(.safetensorsHeaderEmpty, "header length is 0, expected at least 2")
    }
    let rest = fileByteCount - 8
    guard let count = Int(exactly: length), count <= rest else {
      throw WeightsError(
        .safetensorsHeaderPastEnd,
        "header length is \(length), only \(rest) bytes follow it")
    }
    try limits.checkHeaderByteCount(count)
    return count
  }
}

extension WeightsError {
  /// The same error, or, where the file is of another known kind, one that says so.
  func namingKind(ofFileWith prefix: RawSpan) -> WeightsError {
    guard let kind = FileKind.identify(prefix: prefix) else { return self }
    return WeightsError(
      .safetensorsOtherFormat, "not a safetensors file: it is \(kind.noun); \(kind.advice)")
  }
}
