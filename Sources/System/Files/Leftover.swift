import DVLACFiles
import DVLADiagnostics
import Glibc

/// A temporary of a process that has ended, locked by this one so that no other touches it.
///
/// The lock decides that: a process holds those of its temporaries for as long as it lives, on any
/// machine that shares the file system, and after a restart none is held.
struct Leftover: Sendable {
  let name: String
  let parent: OwnedDescriptor
  let descriptor: OwnedDescriptor
  let isFolder: Bool

  /// Those of a target, except entries that cannot be read or locked.
  static func all(of target: OutputTarget) -> [Leftover] {
    guard let names = try? target.folder.names(file: target.path) else { return [] }
    return names.filter { TemporaryName.isOne($0, of: target.name) }.sorted().compactMap {
      Leftover($0, in: target)
    }
  }

  /// Removes those of a target, but not while another run gives its files their names: a file that
  /// it replaces then has the name of a temporary and no lock. Leftovers can wait for the next run.
  static func removeAll(of target: OutputTarget) {
    target.ifAlone { for leftover in all(of: target) { leftover.remove() } }
  }

  private init?(_ name: String, in target: OutputTarget) {
    guard
      let found = try? stat(
        name, in: target.folder, followingLinks: false, while: .opening, file: target.path),
      found.isRegular || found.isFolder,
      // Network file systems lock only what is open for writing.
      let descriptor = try? OwnedDescriptor.open(
        name, in: target.folder,
        flags: (found.isFolder ? O_RDONLY | O_DIRECTORY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK,
        while: .opening, file: target.path),
      unsafe file_access_hold(descriptor.number, target.folder.number, name) == 0
    else { return nil }
    self.name = name
    parent = target.folder
    self.descriptor = descriptor
    isFolder = found.isFolder
  }

  func remove() {
    if unsafe unlinkat(parent.number, name, 0) != 0, errno == EISDIR || errno == EPERM {
      _ = unsafe file_access_remove_folder(parent.number, name)
    }
  }
}
