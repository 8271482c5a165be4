import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLAParallelism
import DVLASafetensors
import Synchronization

/// SHA-256 of every file of the sources, computed beside the conversion on a thread of its own.
final class SourceHashes: Sendable {
  private let task: BackgroundTask<[[Digest]]>
  private let isCancelled: Flag

  /// A flag that one thread raises and another reads.
  private final class Flag: Sendable {
    let raised = Atomic(false)
  }

  init(_ sources: [ImportedSource]) {
    let files = sources.map { $0.checkpoint.files.map(\.file) }
    let flag = Flag()
    isCancelled = flag
    task = BackgroundTask { () throws(WeightsError) -> [[Digest]] in
      var digests: [[Digest]] = []
      for group in files {
        var row: [Digest] = []
        for file in group {
          var hash = SHA256()
          try file.feed(&hash) { _ in !flag.raised.load(ordering: .relaxed) }
          row.append(hash.finalize())
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
}
