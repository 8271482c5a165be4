import CFileAccess
import Diagnostics
import Glibc
import Synchronization

/// A file or folder under a temporary name, removed unless it is kept: at the latest when this
/// object goes, or by the signal handler (see ``Interruption``).
///
/// Invariant: `parent` outlives the entry of the C table that holds its number, because this object
/// owns both.
final class TemporaryEntry: Sendable {
  let name: String
  let parent: OwnedDescriptor
  let descriptor: OwnedDescriptor
  /// The entry of the table, until it is kept or removed.
  private let slot: Mutex<Int32?>

  enum Kind { case file, folder }

  /// Creates it for a target called `target`.
  init(
    _ kind: Kind, for target: String, in parent: OwnedDescriptor, file: String
  ) throws(WeightsError) {
    var slot: Int32 = -1
    while true {
      let name = target.temporaryFileName
      let number =
        switch kind {
        case .file: unsafe file_access_temporary_file(parent.number, name, 0o666, &slot)
        case .folder: unsafe file_access_temporary_folder(parent.number, name, 0o777, &slot)
        }
      if number >= 0 {
        self.name = name
        descriptor = OwnedDescriptor(number)
        break
      }
      if number != -EEXIST { throw .system(-number, while: .creating, file: file) }
    }
    self.parent = parent
    self.slot = Mutex(slot)
  }

  deinit { remove() }

  /// Leaves the file where it is from now on.
  func keep() {
    if let slot = takeSlot() { file_access_temporary_keep(slot) }
  }

  func remove() {
    if let slot = takeSlot() { file_access_temporary_remove(slot) }
  }

  private func takeSlot() -> Int32? {
    slot.withLock { slot in
      defer { slot = nil }
      return slot
    }
  }
}
