import Diagnostics
import FileAccess
import Hashing

extension InputFile {
  /// SHA-256 of the whole file.
  ///
  /// - Parameter isCancelled: looked at every few megabytes; the digest of what was read until then
  ///   comes back where it says so.
  /// - Throws: `file.shrank`, `file.read`.
  func sha256(isCancelled: () -> Bool = { false }) throws(WeightsError) -> Digest {
    var buffer = [UInt8](repeating: 0, count: min(4 << 20, max(byteCount, 1)))
    var hash = SHA256()
    var offset = 0
    while offset < byteCount, !isCancelled() {
      let count = min(buffer.count, byteCount - offset)
      try buffer.withBytes(count) { (bytes) throws(WeightsError) in
        try read(at: offset, into: &bytes)
      }
      buffer.withReadOnlyBytes(count) { hash.update($0) }
      offset += count
    }
    return hash.finalize()
  }
}
