public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing

/// The SHA-256 of a whole file.
enum FileHash {
  /// - Parameter progress: called with the bytes hashed so far.
  /// - Throws: `file.*`; `bundle.root` when the header is no longer the one that was read.
  static func compute(
    _ file: InputFile, headerByteCount: Int, root: Digest,
    progress: (Int) throws(WeightsError) -> Void
  ) throws(WeightsError) -> Digest {
    // The root hash fixes every bit of the header, so what is hashed is what is in use, even if
    // the file is written to meanwhile; data are checked against the header as they are read.
    let header = try file.bytes(at: 0, count: headerByteCount)
    let found = try RootHash.check(header)
    guard found == root else {
      throw WeightsError(
        .bundleRoot, .malformed, file: file.path,
        "the root hash was \(root) when the bundle was opened, but is \(found) now")
    }
    var hash = SHA256()
    hash.update(header)
    try progress(headerByteCount)
    try file.feed(&hash, from: headerByteCount) { (done) throws(WeightsError) in
      try progress(done)
      return true
    }
    try file.checkUnchanged()
    return hash.finalize()
  }
}

extension WeightBundle {
  /// SHA-256 of all bytes of the file, on this thread.
  ///
  /// - Parameter progress: called with the bytes hashed so far.
  /// - Throws: `file.*` (also when the file changes meanwhile), `bundle.root`.
  public func fileHash(
    progress: (Int) throws(WeightsError) -> Void = { _ in }
  ) throws(WeightsError) -> Digest {
    try inFile(path) { () throws(WeightsError) in
      try FileHash.compute(file, headerByteCount: headerByteCount, root: root, progress: progress)
    }
  }
}
