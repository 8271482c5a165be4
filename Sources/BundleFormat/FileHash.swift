public import Diagnostics
import FileAccess
public import Hashing

/// The SHA-256 of a whole file.
enum FileHash {
  private static let blockByteCount = 4 << 20

  /// - Parameter progress: called with the bytes hashed so far.
  /// - Throws: `file.*`; `bundle.root` when the header is no longer the one that was read.
  static func compute(
    _ file: InputFile, headerByteCount: Int, root: Digest, progress: (Int) -> Void
  ) throws(WeightsError) -> Digest {
    // The root hash fixes every bit of the header, so what is hashed is what is in use, even if
    // the file is written to meanwhile; data are checked against the header as they are read.
    let header = try file.bytes(at: 0, count: headerByteCount)
    let found = try RootHash.check(header)
    guard found == root else {
      throw WeightsError(
        .bundleRoot, .malformed, file: file.path,
        "expected the header to have the root hash \(root) it had when opened, found \(found)")
    }
    var hash = SHA256()
    hash.update(header)
    var buffer = [UInt8](repeating: 0, count: blockByteCount)
    var offset = headerByteCount
    progress(offset)
    while offset < file.byteCount {
      let count = min(blockByteCount, file.byteCount - offset)
      var span = buffer.mutableSpan
      var whole = unsafe span.mutableBytes
      var block = whole._mutatingExtracting(0..<count)
      try file.read(at: offset, into: &block)
      hash.update(unsafe buffer.span.bytes.extracting(0..<count))
      offset += count
      progress(offset)
    }
    try file.checkUnchanged()
    return hash.finalize()
  }
}

extension Bundle {
  /// SHA-256 of all bytes of the file, on this thread.
  ///
  /// - Parameter progress: called with the bytes hashed so far.
  /// - Throws: `file.*` (also when the file changes meanwhile), `bundle.root`.
  public func fileHash(progress: (Int) -> Void = { _ in }) throws(WeightsError) -> Digest {
    do throws(WeightsError) {
      return try FileHash.compute(
        file, headerByteCount: headerByteCount, root: root, progress: progress)
    } catch { throw error.inFile(path) }
  }
}
