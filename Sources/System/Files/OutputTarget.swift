import DVLACFiles
import DVLADiagnostics
import Glibc

/// Where an output will go: an open folder and a name in it.
struct OutputTarget: Sendable {
  let path: String
  let folder: OwnedDescriptor
  let name: String
  let overwrite: Bool

  init(path: String, overwrite: Bool) throws(WeightsError) {
    try OwnedDescriptor.checkPath(path, file: path)
    let (folderPath, name) = path.splitAtLastComponent
    guard name.isPlainFileName else {
      throw WeightsError(
        .filePath, .usage, file: path, "the path must end with the name of the output")
    }
    let status: stat
    do throws(WeightsError) {
      status = try stat(folderPath, followingLinks: true, while: .creating, file: path)
    } catch {
      guard error.code == .fileCannotCreate else { throw error }
      throw WeightsError(
        .fileCannotCreate, .cannotCreate, file: path,
        "its folder \(folderPath.quoted) does not exist")
    }
    guard status.isFolder else {
      throw WeightsError(
        .fileCannotCreate, .cannotCreate, file: path,
        "\(folderPath.quoted) is \(status.noun), expected a folder")
    }
    folder = try OwnedDescriptor.open(
      folderPath, flags: O_RDONLY | O_DIRECTORY, while: .creating, file: path)
    self.path = path
    self.name = name
    self.overwrite = overwrite
  }

  /// What is at the target now; nil if there is nothing, or a link that leads nowhere.
  func status(followingLinks: Bool) throws(WeightsError) -> stat? {
    var status = stat()
    let flags = followingLinks ? 0 : AT_SYMLINK_NOFOLLOW
    if unsafe fstatat(folder.number, name, &status, flags) == 0 { return status }
    if errno == ENOENT { return nil }
    throw .system(errno, while: .creating, file: path)
  }

  func requireVacant() throws(WeightsError) {
    if !overwrite, let status = try status(followingLinks: false) {
      throw Self.exists(status, path: path)
    }
  }

  private static func exists(_ status: stat, path: String) -> WeightsError {
    WeightsError(
      .fileExists, .cannotCreate, file: path, "already exists and is \(status.noun)",
      remedies: [.overwrite])
  }

  /// Gives the temporary its final name in one step.
  func rename(from temporary: String) throws(WeightsError) {
    let result =
      if overwrite {
        unsafe renameat(folder.number, temporary, folder.number, name) == 0 ? 0 : -errno
      } else {
        unsafe file_access_rename_new(folder.number, temporary, name)
      }
    try check(result)
  }

  /// Gives the temporary its final name, and what has that name the name of the temporary.
  ///
  /// - Returns: whether there was anything of that name. Where the file system cannot swap names,
  ///   it is replaced as by ``rename(from:)``.
  func swap(with temporary: String) throws(WeightsError) -> Bool {
    // Swapping would move even a folder out of the way.
    if overwrite, let found = try status(followingLinks: false), !found.isFolder {
      let result = unsafe file_access_rename_exchange(folder.number, temporary, name)
      if result != -EINVAL, result != -ENOSYS, result != -ENOENT {
        try check(result)
        return true
      }
    }
    try rename(from: temporary)
    return false
  }

  /// Undoes ``swap(with:)``.
  ///
  /// - Returns: whether that was done.
  func swapBack(with temporary: String) -> Bool {
    unsafe file_access_rename_exchange(folder.number, temporary, name) == 0
  }

  /// Runs `body`, which takes milliseconds, while no other run does so in this folder. Another
  /// program that holds the folder's lock is waited for no longer than seconds; a file system
  /// without locks, such as NFS for folders, not at all.
  func alone(_ body: () throws(WeightsError) -> Void) throws(WeightsError) {
    var lock = tryLock()
    for _ in 0..<5000 where lock == .taken {
      usleep(1000)
      lock = tryLock()
    }
    defer { if lock == .ours { flock(folder.number, LOCK_UN) } }
    try body()
  }

  /// Runs `body` unless another run or program holds the folder's lock.
  func ifAlone(_ body: () -> Void) {
    let lock = tryLock()
    if lock == .taken { return }
    defer { if lock == .ours { flock(folder.number, LOCK_UN) } }
    body()
  }

  private enum FolderLock { case ours, taken, unknown }

  private func tryLock() -> FolderLock {
    if flock(folder.number, LOCK_EX | LOCK_NB) == 0 { return .ours }
    return errno == EWOULDBLOCK || errno == EINTR ? .taken : .unknown
  }

  private func check(_ result: Int32) throws(WeightsError) {
    if result == -EEXIST {
      throw WeightsError(
        .fileExists, .cannotCreate, file: path,
        "was created by another program while the output was being written",
        remedies: overwrite ? [] : [.overwrite])
    }
    if result != 0 { throw .system(-result, while: .creating, file: path) }
  }
}
