public import DVLADiagnostics
public import DVLAHashing

extension InputFile {
  private static let hashedByteCount = 4 << 20

  /// Feeds the bytes of the file to a hash, a few megabytes at a time.
  ///
  /// - Parameters:
  ///   - start: the first byte.
  ///   - goesOn: called after each piece with the place of the next; false ends it there.
  /// - Throws: `file.shrank`, `file.read`.
  public func feed(
    _ hash: inout SHA256, from start: Int = 0, while goesOn: (_ offset: Int) -> Bool = { _ in true }
  ) throws(WeightsError) {
    var buffer = [UInt8](repeating: 0, count: Self.hashedByteCount)
    var offset = start
    while offset < byteCount {
      let count = min(buffer.count, byteCount - offset)
      var span = buffer.mutableSpan
      var whole = unsafe span.mutableBytes
      var piece = whole._mutatingExtracting(0..<count)
      try read(at: offset, into: &piece)
      hash.update(unsafe buffer.span.bytes.extracting(0..<count))
      offset += count
      if !goesOn(offset) { return }
    }
  }

  /// SHA-256 of the whole file.
  ///
  /// - Throws: `file.shrank`, `file.read`.
  public func sha256() throws(WeightsError) -> Digest {
    var hash = SHA256()
    try feed(&hash)
    return hash.finalize()
  }
}
