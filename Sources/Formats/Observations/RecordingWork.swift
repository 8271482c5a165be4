import DVLADiagnostics
import Glibc
import Synchronization

/// What a recorder and its thread share.
final class RecordingWork: Sendable {
  private struct Waiting {
    var count = 0
    var byteCount = 0
    var isClosed = false
  }

  private struct Writer {
    var folder: RecordingFolder
    var hasReported = false
    /// When the index may be written again.
    var due = ContinuousClock.now
    /// Whether the last attempt to write the index failed.
    var isIndexOwed = false

    mutating func writeIndex() throws(WeightsError) {
      isIndexOwed = true
      due = ContinuousClock.now + .seconds(1)
      try folder.writeIndex()
      isIndexOwed = false
    }
  }

  private let limits: ObservationRecorder.Limits
  private let waiting = Mutex(Waiting())
  private let totals: Mutex<ObservationRecorder.Counts>
  private let writer: Mutex<Writer>
  private let failed: @Sendable (WeightsError) -> Void

  init(
    folder: String, limits: ObservationRecorder.Limits,
    failed: @escaping @Sendable (WeightsError) -> Void
  ) throws(WeightsError) {
    self.limits = limits
    self.failed = failed
    let opened = try RecordingFolder(path: folder, limits: limits)
    var counts = ObservationRecorder.Counts()
    (counts.keptCount, counts.keptByteCount) = (opened.entries.count, opened.byteCount)
    totals = Mutex(counts)
    writer = Mutex(Writer(folder: opened))
  }

  var counts: ObservationRecorder.Counts { totals.withLock { $0 } }

  /// Whether there is room for one more to wait.
  func admit(_ byteCount: Int) -> Bool {
    let fits = waiting.withLock { waiting in
      guard !waiting.isClosed, waiting.count < limits.waitingCount,
        byteCount <= limits.waitingByteCount - waiting.byteCount
      else { return false }
      waiting.count += 1
      waiting.byteCount += byteCount
      return true
    }
    if !fits { totals.withLock { $0.dropped += 1 } }
    return fits
  }

  func leave(_ byteCount: Int) {
    waiting.withLock { waiting in
      waiting.count -= 1
      waiting.byteCount -= byteCount
    }
  }

  /// - Returns: whether it was open.
  func close() -> Bool {
    waiting.withLock { waiting in
      defer { waiting.isClosed = true }
      return !waiting.isClosed
    }
  }

  func write(_ observation: RecordedObservation) {
    attempt { (writer) throws(WeightsError) in
      // Without an index nothing can be removed, and the folder would grow.
      if writer.isIndexOwed { try writer.writeIndex() }
      try writer.folder.add(try ObservationFile.encode(observation))
      return 1
    }
  }

  func writeIndex() {
    attempt { (writer) throws(WeightsError) in
      try writer.writeIndex()
      return 0
    }
  }

  /// Waits until the index may be written again, unless another observation or the end comes first.
  func writeIndexWhenDue() {
    while ContinuousClock.now < writer.withLock({ $0.due }) {
      if waiting.withLock({ $0.count > 0 || $0.isClosed }) { return }
      usleep(20_000)
    }
    writeIndex()
  }

  /// - Parameter body: returns how many observations it wrote.
  private func attempt(_ body: (inout Writer) throws(WeightsError) -> Int) {
    let report = writer.withLock { writer -> WeightsError? in
      let outcome: Result<Int, WeightsError>
      do throws(WeightsError) { outcome = .success(try body(&writer)) } catch {
        outcome = .failure(error)
      }
      totals.withLock { totals in
        totals.keptCount = writer.folder.entries.count
        totals.keptByteCount = writer.folder.byteCount
        switch outcome {
        case .success(let count): totals.written += count
        case .failure: totals.failed += 1
        }
      }
      guard case .failure(let error) = outcome else {
        writer.hasReported = false
        return nil
      }
      // The first of several in a row.
      defer { writer.hasReported = true }
      return writer.hasReported ? nil : error
    }
    if let report { failed(report) }
  }
}
