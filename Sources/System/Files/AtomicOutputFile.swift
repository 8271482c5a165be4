import DVLACFiles
public import DVLADiagnostics
import Glibc

/// A file that appears whole or not at all: written beside its target under a temporary name
/// (`.NAME.partial-PID-RANDOM`), synced, renamed. Unless ``commit(after:)`` succeeds nothing is
/// left, whether an error, a signal (see ``Interruption``) or the end of this object came first.
/// Where the process was killed outright, the next that writes to the same place removes what it
/// left.
public final class AtomicOutputFile: Sendable {
  /// The path the file will have.
  public let path: String
  private let target: OutputTarget
  private let temporary: TemporaryEntry
  private let handle: OutputFileHandle
  /// The record of what the temporary holds, removed when the file has its name. If there is one,
  /// the temporary outlasts a commit that failed: its owner keeps or discards both.
  private let journal: TemporaryEntry?
  private var isResumable: Bool { journal != nil }

  /// Creates the temporary file, and removes those of runs that were killed.
  ///
  /// A target that is a symbolic link is replaced itself; the file that it leads to is not touched.
  ///
  /// - Throws: `file.exists` when something of that name exists and `overwrite` is false,
  ///   `file.not-regular` when it is a folder, pipe or device, `file.cannot-create` when the
  ///   folder is missing or cannot be written to, `file.permission`, `file.path`,
  ///   `file.unavailable`.
  public init(path: String, overwrite: Bool) throws(WeightsError) {
    self.path = path
    target = try Self.target(path: path, overwrite: overwrite)
    Leftover.removeAll(of: target)
    temporary = try TemporaryEntry(.file, for: target.name, in: target.folder, file: path)
    handle = OutputFileHandle(temporary.descriptor, path: path)
    journal = nil
  }

  /// A temporary file that is there, with its journal.
  init(_ temporary: TemporaryEntry, _ journal: TemporaryEntry, target: OutputTarget) {
    path = target.path
    self.target = target
    self.temporary = temporary
    handle = OutputFileHandle(temporary.descriptor, path: path)
    self.journal = journal
  }

  /// A target that a file can be put in the place of.
  static func target(path: String, overwrite: Bool) throws(WeightsError) -> OutputTarget {
    let target = try OutputTarget(path: path, overwrite: overwrite)
    if let status = try target.status(followingLinks: true), !status.isRegular {
      throw WeightsError(
        .fileNotRegular, .cannotCreate, file: path,
        "cannot be replaced by a file: it is \(status.noun)")
    }
    try target.requireVacant()
    return target
  }

  deinit { discard() }

  /// Leaves the temporary file where it is, so that another run can continue it.
  func keepTemporary() { temporary.keep() }

  /// Where the file is until it is committed, so that what was written can be read back.
  public var temporaryPath: String {
    guard let slash = path.lastIndex(of: "/") else { return temporary.name }
    return path[...slash] + temporary.name
  }

  /// Writes the bytes at `offset`; bytes that are never written read as zero. Safe to call from
  /// several threads at once.
  ///
  /// - Throws: `file.no-space` (device, quota or size limit), `file.write`, `file.finished`.
  public func write(_ bytes: RawSpan, at offset: Int) throws(WeightsError) {
    try handle.write(bytes, at: offset)
  }

  /// Has the system begin to bring those bytes to the device: see
  /// ``OutputFileHandle/beginWriting(_:)``.
  ///
  /// - Throws: `file.finished`.
  public func beginWriting(_ range: Range<Int>) throws(WeightsError) {
    try handle.beginWriting(range)
  }

  /// Has the system bring those bytes to the device, and waits for it: see
  /// ``OutputFileHandle/finishWriting(_:)``. Safe to call while others write.
  ///
  /// - Throws: `file.write`, `file.no-space`, `file.finished`.
  public func finishWriting(_ range: Range<Int>) throws(WeightsError) {
    try handle.finishWriting(range)
  }

  /// Takes the room for a file of `byteCount` bytes now: see
  /// ``OutputFileHandle/reserve(byteCount:)``.
  ///
  /// - Throws: `file.no-space`, `file.write`, `file.finished`.
  public func reserve(byteCount: Int) throws(WeightsError) {
    try handle.reserve(byteCount: byteCount)
  }

  /// Forces what was written to the device, so that ``commit(after:)`` has little left that can
  /// fail. Nothing can be written after that.
  ///
  /// - Throws: `file.write`, `file.no-space`.
  public func synchronize() throws(WeightsError) { try handle.finish() }

  /// Syncs the file, gives it its name in one step, and syncs the folder.
  ///
  /// - Parameter companion: a file that belongs to this one and gets its name right before it.
  ///   Either both get their names or neither does, even if a signal arrives or another run does
  ///   the same: if this file cannot follow, what the companion replaced is put back. A process
  ///   that is killed in between leaves only the companion.
  /// - Throws: `file.exists` when something of that name has appeared meanwhile and may not be
  ///   replaced, `file.write`, `file.no-space`, `file.permission`, `file.cannot-create`,
  ///   `file.finished`. Nothing is left then.
  public func commit(after companion: AtomicOutputFile? = nil) throws(WeightsError) {
    do throws(WeightsError) {
      try companion?.handle.finish()
      try handle.finish()
      if let companion {
        try target.alone { () throws(WeightsError) in
          try Interruption.held { () throws(WeightsError) in try rename(after: companion) }
        }
      } else {
        try Interruption.held { () throws(WeightsError) in try rename() }
      }
    } catch {
      companion?.discard()
      if !isResumable { discard() }
      throw error
    }
    // Both names at once: file systems that keep a journal keep the order of the two.
    try target.folder.synchronize(file: path)
  }

  private func rename() throws(WeightsError) {
    try target.rename(from: temporary.name)
    temporary.keep()
    journal?.remove()
  }

  private func rename(after companion: AtomicOutputFile) throws(WeightsError) {
    // What is replaced gets the name of the temporary, until it is known that it can go.
    let replaced = try companion.target.swap(with: companion.temporary.name)
    if !replaced { companion.temporary.keep() }
    do throws(WeightsError) {
      try rename()
    } catch {
      companion.withdraw(restoring: replaced)
      throw error
    }
    companion.discard()
  }

  /// Removes the file again, and puts back what it replaced. A file that has replaced it meanwhile
  /// is not touched.
  private func withdraw(restoring replaced: Bool) {
    guard isInPlace else { return }
    if replaced, target.swapBack(with: temporary.name) { return }
    unsafe unlinkat(target.folder.number, target.name, 0)
  }

  /// Removes the temporary file. Nothing happens after ``commit(after:)``.
  public func discard() { temporary.remove() }

  /// Whether the file has its name: after ``commit(after:)``, also where that threw since the
  /// folder could not be synced, as long as no other has taken its place.
  public var isInPlace: Bool {
    guard let ours = try? temporary.descriptor.status(while: .creating, file: path),
      let found = try? target.status(followingLinks: false)
    else { return false }
    return ours.st_dev == found.st_dev && ours.st_ino == found.st_ino
  }
}
