public import DVLADiagnostics
import DVLAParallelism

/// Records observations into a folder while a robot works: the newest are kept, within limits.
///
/// Files are made on a thread of their own. What that thread is behind with waits in a bounded
/// queue; what does not fit is dropped and counted, so that a slow disk never delays whoever
/// records. The index is written about once a second. The folder can be read at any time, also
/// after the process was killed, and a later recorder continues it.
public final class ObservationRecorder: Sendable {
  public struct Limits: Sendable, Hashable {
    /// Bytes of the files, without the index. For about a second there may be more.
    public var byteCount = 10 << 30
    /// Number of the files, at most ``largestCount``.
    public var count = 10_000
    /// What waits to be written, in number and in bytes of memory.
    public var waitingCount = 64
    public var waitingByteCount = 256 << 20

    public static let largestCount = 50_000

    public init() {}
  }

  /// What became of the observations since the recorder was made.
  public struct Counts: Sendable, Hashable {
    public var written = 0
    /// Those that came while too many waited, or after ``ObservationRecorder/close()``.
    public var dropped = 0
    /// Those that could not be written, and indexes.
    public var failed = 0
    /// What is in the folder now.
    public var keptCount = 0
    public var keptByteCount = 0
  }

  private let limits: Limits
  private let work: RecordingWork
  private let queue = TaskQueue(threads: 1)

  /// Opens a folder to record to, and makes it if nothing has that name. One that was recorded to
  /// is continued; what is there counts.
  ///
  /// - Parameters:
  ///   - failed: called with the first error of writing of several in a row, on the thread that
  ///     writes.
  /// - Throws: `observation.exists` for a folder with anything else in it, or that another process
  ///   records to; `observation.create`, `observation.io`; as ``ObservationFolder`` for an index
  ///   that is damaged.
  /// - Precondition: all limits are at least 1, and of files no more than
  ///   ``Limits/largestCount``.
  public init(
    folder: String, limits: Limits = Limits(),
    failed: @escaping @Sendable (WeightsError) -> Void = { _ in }
  ) throws(WeightsError) {
    precondition(
      limits.byteCount > 0 && (1...Limits.largestCount).contains(limits.count)
        && limits.waitingCount > 0 && limits.waitingByteCount > 0, "limits of at least 1")
    self.limits = limits
    work = try RecordingWork(folder: folder, limits: limits, failed: failed)
  }

  deinit { close() }

  public var counts: Counts { work.counts }

  /// Has an observation written, and returns at once.
  ///
  /// - Returns: false where it was dropped.
  @discardableResult
  public func record(_ observation: RecordedObservation) -> Bool {
    let byteCount = observation.byteCount
    guard work.admit(byteCount) else { return false }
    // It holds no reference to the recorder, whose end waits for it.
    _ = queue.add { [work] in
      work.write(observation)
      work.leave(byteCount)
      work.writeIndexWhenDue()
    }
    return true
  }

  /// Returns when everything that waits is written, and the index. What is recorded afterwards is
  /// dropped.
  public func close() {
    guard work.close() else { return }
    let last = queue.add { [work] in work.writeIndex() }
    // It throws nothing, and what waits comes before it.
    try? last.value()
    queue.cancel()
  }
}
