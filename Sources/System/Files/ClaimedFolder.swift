public import DVLADiagnostics
import Glibc

/// A folder to which files are added, and from which they are removed, by one process at a time.
public final class ClaimedFolder: Sendable {
  /// The path as the caller gave it, without slashes at the end.
  public let path: String
  private let folder: OwnedDescriptor
  /// Locked for as long as this object lives.
  private let lock: OwnedDescriptor

  /// Claims a folder, and makes it if nothing has that name yet. Its own folder must be there.
  ///
  /// - Parameters:
  ///   - lock: the name of a hidden file in the folder that whoever claims it locks. It stays.
  ///   - check: looks at the names in the folder before anything is written to it.
  /// - Throws: `file.claimed` where another process has claimed it; `file.not-folder`,
  ///   `file.cannot-create`, `file.permission`, `file.path`, `file.too-large`; what `check` throws.
  public init(
    path: String, lock name: String, check: ([String]) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    precondition(name.isPlainFileName, "a plain name")
    try OwnedDescriptor.checkPath(path, file: path)
    if unsafe mkdir(path, 0o777) != 0, errno != EEXIST {
      throw .system(errno, while: .creating, file: path)
    }
    guard try stat(path, followingLinks: true, while: .creating, file: path).isFolder else {
      throw WeightsError(.fileNotFolder, .cannotCreate, file: path, "expected a folder")
    }
    folder = try OwnedDescriptor.open(
      path, flags: O_RDONLY | O_DIRECTORY, while: .creating, file: path)
    self.path = path.withoutTrailingSlashes
    try check(try folder.names(file: path))
    var number: Int32
    repeat {
      number = unsafe openat(
        folder.number, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o666)
    } while number < 0 && errno == EINTR
    if number < 0 { throw .system(errno, while: .creating, file: path) }
    lock = OwnedDescriptor(number)
    // A file system without locks cannot tell; others say that it is taken.
    if flock(number, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw WeightsError(
        .fileClaimed, .cannotCreate, file: path, "another process writes to this folder")
    }
  }

  /// The path of an entry.
  public func path(of name: String) -> String { path == "/" ? "/" + name : path + "/" + name }

  /// The names in the folder, in bytewise order.
  ///
  /// - Throws: `file.permission`, `file.read`, `file.too-large` for more than 100 000 entries.
  public func names() throws(WeightsError) -> [String] {
    try folder.names(file: path).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Removes a file. One that is not there is none too many.
  ///
  /// - Throws: `file.permission`, `file.write`.
  /// - Precondition: the name is a plain one.
  public func remove(_ name: String) throws(WeightsError) {
    precondition(name.isPlainFileName, "a plain name")
    if unsafe unlinkat(folder.number, name, 0) != 0, errno != ENOENT {
      throw .system(errno, while: .writing, file: path(of: name))
    }
  }
}

extension WeightsError.Code {
  /// Another process has claimed the folder.
  public static let fileClaimed = Self("file.claimed")
}
