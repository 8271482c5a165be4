import DVLACFiles
public import DVLADiagnostics
import Glibc
import Synchronization

/// A folder of plain files that appears whole or not at all: filled under a temporary name beside
/// its target, synced, renamed.
public final class AtomicOutputDirectory: Sendable {
  /// The path the folder will have.
  public let path: String
  private let target: OutputTarget
  private let temporary: TemporaryEntry
  private let handles = Mutex<[OutputFileHandle]>([])

  /// Creates the temporary folder, and removes those of runs that were killed. An empty folder at
  /// the target counts as nothing.
  ///
  /// With `overwrite`, a folder that holds only files is replaced as a whole; one that holds
  /// folders is not, since it is more than an earlier output.
  ///
  /// - Throws: `file.exists` when the target exists and may not be replaced, `file.not-folder`
  ///   when it is no folder, `file.cannot-create`, `file.permission`, `file.path`,
  ///   `file.unavailable`.
  public init(path: String, overwrite: Bool) throws(WeightsError) {
    self.path = path
    target = try OutputTarget(path: path, overwrite: overwrite)
    if let status = try target.status(followingLinks: false) {
      guard status.isFolder else {
        throw WeightsError(
          .fileNotFolder, .cannotCreate, file: path,
          "cannot be replaced by a folder: it is \(status.noun)")
      }
      try Self.requireReplaceable(InputFolder(path: path), overwrite: overwrite)
    }
    Leftover.removeAll(of: target)
    temporary = try TemporaryEntry(.folder, for: target.name, in: target.folder, file: path)
  }

  deinit { discard() }

  /// Where the folder is until it is committed: also a place for files that are needed for a while.
  public var temporaryPath: String {
    guard let slash = path.lastIndex(of: "/") else { return temporary.name }
    return path[...slash] + temporary.name
  }

  /// Starts a file in the folder.
  ///
  /// - Throws: `file.name` when the name is not one plain component, `file.exists` when the folder
  ///   has that file already, `file.cannot-create`, `file.unavailable`.
  public func file(named name: String) throws(WeightsError) -> OutputFileHandle {
    let full = path.withoutTrailingSlashes + "/" + name
    guard name.isPlainFileName else {
      throw WeightsError(
        .fileName, .cannotCreate, file: path, "\(name.quoted) is not a plain file name")
    }
    var number: Int32
    repeat {
      number = unsafe openat(
        temporary.descriptor.number, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
        0o666)
    } while number < 0 && errno == EINTR
    if number < 0 { throw .system(errno, while: .creating, file: full) }
    let handle = OutputFileHandle(OwnedDescriptor(number), path: full)
    handles.withLock { $0.append(handle) }
    return handle
  }

  /// Finishes the files that are still open, syncs the folder and gives it its name.
  ///
  /// - Throws: `file.exists` when something has appeared at the target meanwhile, `file.write`,
  ///   `file.no-space`, `file.permission`, `file.cannot-create`. Nothing is left then.
  public func commit() throws(WeightsError) {
    do throws(WeightsError) {
      for handle in handles.withLock({ $0 }) { try handle.finish() }
      try temporary.descriptor.synchronize(file: path)
      try publish()
    } catch {
      discard()
      throw error
    }
    try target.folder.synchronize(file: path)
  }

  /// Removes the temporary folder and what is in it. Nothing happens after ``commit()``.
  public func discard() { temporary.remove() }

  private func publish() throws(WeightsError) {
    // Renaming onto an empty folder, or onto nothing, is one step that never loses a file.
    if unsafe renameat(target.folder.number, temporary.name, target.folder.number, target.name)
      == 0
    {
      temporary.keep()
      return
    }
    guard errno == ENOTEMPTY || errno == EEXIST else {
      throw .system(errno, while: .creating, file: path)
    }
    try Self.requireReplaceable(InputFolder(path: path), overwrite: target.overwrite)
    let result = unsafe file_access_rename_exchange(
      target.folder.number, temporary.name, target.name)
    if result != 0 { throw .system(-result, while: .creating, file: path) }
    // The old folder has the temporary name now.
    temporary.remove()
  }

  private static func requireReplaceable(
    _ folder: InputFolder, overwrite: Bool
  ) throws(WeightsError) {
    if try folder.names().isEmpty { return }
    guard overwrite else {
      throw WeightsError(
        .fileExists, .cannotCreate, file: folder.path,
        "already exists and is a folder that is not empty", remedies: [.overwrite])
    }
    if let name = try folder.firstFolderInside() {
      throw WeightsError(
        .fileExists, .cannotCreate, file: folder.path,
        "contains the folder \(name.quoted); only a folder without subfolders can be replaced; choose "
          + "another path")
    }
  }
}
