import DVLADiagnostics
import Glibc

extension stat {
  var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
  var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }
  var isLink: Bool { st_mode & S_IFMT == S_IFLNK }

  /// What it is, in words.
  var noun: String {
    switch st_mode & S_IFMT {
    case S_IFREG: "a regular file"
    case S_IFDIR: "a folder"
    case S_IFLNK: "a symbolic link"
    case S_IFIFO: "a pipe"
    case S_IFSOCK: "a socket"
    case S_IFCHR: "a character device"
    case S_IFBLK: "a block device"
    default: "a special file"
    }
  }

  /// Looks a path up without opening it, which for a device or a pipe could have effects.
  init(
    _ path: String, in folder: OwnedDescriptor? = nil, followingLinks: Bool, while task: FileTask,
    file: String
  ) throws(WeightsError) {
    try OwnedDescriptor.checkPath(path, file: file)
    self.init()
    let flags = followingLinks ? 0 : AT_SYMLINK_NOFOLLOW
    if unsafe fstatat(folder?.number ?? AT_FDCWD, path, &self, flags) != 0 {
      throw .system(errno, while: task, file: file)
    }
  }

  func requireRegular(file: String) throws(WeightsError) {
    if isRegular { return }
    throw WeightsError(
      .fileNotRegular, file: file, "expected a regular file, found \(noun)")
  }
}
