import DVLACFiles
import DVLADiagnostics
import Glibc

/// A temporary of a process that is no more, locked by this one so that no other touches it.
///
/// The lock tells: a process holds that of its temporaries as long as it lives, whatever its number
/// and wherever it runs, and a system that was switched off holds none.
struct Leftover: Sendable {
  let name: String
  let parent: OwnedDescriptor
  let descriptor: OwnedDescriptor
  let isFolder: Bool

  /// Those of a target. Whatever cannot be looked at, or locked, is left alone.
  static func all(of target: OutputTarget) -> [Leftover] {
    guard let names = try? target.folder.names(file: target.path) else { return [] }
    return names.filter { TemporaryName.isOne($0, of: target.name) }.sorted().compactMap {
      Leftover($0, in: target)
    }
  }

  /// Removes those of a target. Not while another run gives its files their names: what it
  /// replaces has the name of a temporary then, and nobody's lock. Leftovers can wait for the next.
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
