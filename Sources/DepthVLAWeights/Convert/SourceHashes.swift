import Diagnostics
import FileAccess
import Hashing
import Parallelism
import Safetensors
import Synchronization

/// SHA-256 of every file of the sources, computed beside the conversion on a thread of its own.
final class SourceHashes: Sendable {
  private let task: BackgroundTask<[[Digest]]>
  private let isCancelled: Flag

  /// A flag that one thread raises and another reads.
  private final class Flag: Sendable {
    let raised = Atomic(false)
  }

  private static let blockByteCount = 4 << 20

  init(_ sources: [ImportedSource]) {
    let files = sources.map { $0.checkpoint.files.map(\.file) }
    let flag = Flag()
    isCancelled = flag
    task = BackgroundTask { () throws(WeightsError) -> [[Digest]] in
      var buffer = [UInt8](repeating: 0, count: Self.blockByteCount)
      var digests: [[Digest]] = []
      for group in files {
        var row: [Digest] = []
        for file in group {
          row.append(try Self.hash(file, &buffer, flag))
        }
        digests.append(row)
      }
      return digests
    }
  }

  /// By source, then by file.
  func wait() throws(WeightsError) -> [[Digest]] { try task.wait() }

  /// Ends the work and waits for its thread. A process that exits while libcrypto is in use
  /// crashes.
  func cancel() {
    isCancelled.raised.store(true, ordering: .relaxed)
    _ = try? task.wait()
  }

  private static func hash(
    _ file: InputFile, _ buffer: inout [UInt8], _ flag: Flag
  ) throws(WeightsError) -> Digest {
    var hash = SHA256()
    var offset = 0
    while offset < file.byteCount, !flag.raised.load(ordering: .relaxed) {
      let count = min(buffer.count, file.byteCount - offset)
      try buffer.withBytes(count) { (bytes) throws(WeightsError) in
        try file.read(at: offset, into: &bytes)
      }
      buffer.withReadOnlyBytes(count) { hash.update($0) }
      offset += count
    }
    return hash.finalize()
  }
}
