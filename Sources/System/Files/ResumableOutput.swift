public import DVLADiagnostics
import Glibc
import Synchronization

/// A file that appears whole or not at all, with a journal beside its temporary
/// (`.NAME.partial-PID-RANDOM.journal`) in which the writer notes what is done. Where the process
/// is killed both stay, and another can continue from there: see ``UnfinishedOutput``.
public final class ResumableOutput: Sendable {
  public let file: AtomicOutputFile
  private let entry: TemporaryEntry
  private let journal: TemporaryEntry
  /// Where the next record goes.
  private let end: Mutex<Int>

  /// Starts a new file, and removes what runs that were killed have left.
  ///
  /// - Throws: as ``AtomicOutputFile/init(path:overwrite:)``.
  public init(path: String, overwrite: Bool) throws(WeightsError) {
    let target = try AtomicOutputFile.target(path: path, overwrite: overwrite)
    Leftover.removeAll(of: target)
    entry = try TemporaryEntry(.file, for: target.name, in: target.folder, file: path)
    journal = try TemporaryEntry(journalOf: entry, file: path)
    file = AtomicOutputFile(entry, journal, target: target)
    end = Mutex(0)
  }

  /// Continues what another run has left.
  ///
  /// - Parameters:
  ///   - journalByteCount: what of the journal is sound; the rest is cut off.
  ///   - fileByteCount: where the file is cut off, if it is longer.
  /// - Throws: `file.write`, `file.unavailable`.
  init(
    _ unfinished: UnfinishedOutput, target: OutputTarget, journalByteCount: Int, fileByteCount: Int
  ) throws(WeightsError) {
    entry = try TemporaryEntry(unfinished.file, file: target.path)
    journal = try TemporaryEntry(unfinished.journal, file: target.path)
    file = AtomicOutputFile(entry, journal, target: target)
    end = Mutex(journalByteCount)
    Leftover.removeAll(of: target)
    try journal.descriptor.cut(to: journalByteCount, file: target.path)
    try entry.descriptor.cut(to: fileByteCount, file: target.path)
  }

  /// Adds bytes to the journal.
  ///
  /// - Throws: `file.no-space`, `file.write`.
  public func note(_ bytes: [UInt8]) throws(WeightsError) {
    let place = end.withLock { $0 }
    try journal.descriptor.write(unsafe bytes.span.bytes, at: place, file: file.path)
    end.withLock { $0 = place + bytes.count }
  }

  /// Bytes of the journal. Safe to call from several threads.
  ///
  /// - Returns: nil where there are fewer.
  /// - Throws: `file.read`.
  public func noted(_ range: Range<Int>) throws(WeightsError) -> [UInt8]? {
    try journal.descriptor.bytes(range, file: file.path)
  }

  /// Bytes of the file that were written, by this process or the one before. Safe to call from
  /// several threads.
  ///
  /// - Returns: nil where the file ends earlier.
  /// - Throws: `file.read`.
  public func written(_ range: Range<Int>) throws(WeightsError) -> [UInt8]? {
    try entry.descriptor.bytes(range, file: file.path)
  }

  /// From now on SIGINT, SIGTERM and SIGHUP end the process and leave file and journal.
  public func outliveSignals() {
    entry.outliveSignals()
    journal.outliveSignals()
  }

  /// Leaves file and journal for another run. Nothing happens after the file has its name.
  public func keep() {
    if file.isInPlace { return }
    file.keepTemporary()
    journal.keep()
  }

  /// Removes both.
  public func discard() {
    file.discard()
    journal.remove()
  }
}

/// What a run has left that ended before its output had its name: locked, so that no other run
/// takes it or removes it while this value lives. Left as it is unless
/// ``resume(journalByteCount:fileByteCount:)`` or ``remove()`` is called.
public struct UnfinishedOutput: Sendable, Equatable {
  let file: Leftover
  let journal: Leftover
  private let target: OutputTarget

  /// All of them for a target, which is checked as a new output would be.
  ///
  /// - Throws: as ``AtomicOutputFile/init(path:overwrite:)``.
  public static func all(
    path: String, overwrite: Bool
  ) throws(WeightsError) -> [UnfinishedOutput] {
    let target = try AtomicOutputFile.target(path: path, overwrite: overwrite)
    let leftovers = Leftover.all(of: target).filter { !$0.isFolder }
    return leftovers.compactMap { file in
      guard
        let journal = leftovers.first(where: {
          $0.name == file.name + TemporaryName.journalSuffix
        })
      else { return nil }
      return UnfinishedOutput(file: file, journal: journal, target: target)
    }
  }

  /// Bytes of the journal; nil where there are fewer.
  ///
  /// - Throws: `file.read`.
  public func noted(_ range: Range<Int>) throws(WeightsError) -> [UInt8]? {
    try journal.descriptor.bytes(range, file: target.path)
  }

  /// Continues it: see ``ResumableOutput``.
  ///
  /// - Parameters:
  ///   - journalByteCount: what of the journal is sound; the rest is cut off.
  ///   - fileByteCount: where the file is cut off, if it is longer.
  /// - Throws: `file.write`, `file.unavailable`.
  public func resume(
    journalByteCount: Int, fileByteCount: Int
  ) throws(WeightsError) -> ResumableOutput {
    try ResumableOutput(
      self, target: target, journalByteCount: journalByteCount, fileByteCount: fileByteCount)
  }

  public static func == (a: Self, b: Self) -> Bool { a.file.name == b.file.name }

  /// Removes it.
  public func remove() {
    file.remove()
    journal.remove()
  }
}

extension OwnedDescriptor {
  /// Nil where the file ends earlier.
  fileprivate func bytes(_ range: Range<Int>, file: String) throws(WeightsError) -> [UInt8]? {
    // Looked up first: a range may come from a journal that is not what it says.
    guard range.upperBound <= Int(try status(while: .reading, file: file).st_size) else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: range.count)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    return try read(at: range.lowerBound, into: &raw, file: file) == range.count ? bytes : nil
  }

  /// Shortens the file, where it is longer.
  fileprivate func cut(to byteCount: Int, file: String) throws(WeightsError) {
    if Int(try status(while: .writing, file: file).st_size) <= byteCount { return }
    while ftruncate(number, byteCount) != 0 {
      if errno != EINTR { throw .system(errno, while: .writing, file: file) }
    }
  }
}
