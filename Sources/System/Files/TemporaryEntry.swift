import DVLACFiles
import DVLADiagnostics
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
  convenience init(
    _ kind: Kind, for target: String, in parent: OwnedDescriptor, file: String
  ) throws(WeightsError) {
    try self.init(kind, in: parent, file: file) { TemporaryName.new(for: target) }
  }

  /// The journal of another temporary.
  convenience init(journalOf other: TemporaryEntry, file: String) throws(WeightsError) {
    try self.init(.file, in: other.parent, file: file) {
      other.name + TemporaryName.journalSuffix
    }
  }

  /// Takes over what another process has left, and this one holds.
  init(_ leftover: Leftover, file: String) throws(WeightsError) {
    let slot = unsafe file_access_temporary_adopt(leftover.parent.number, leftover.name)
    if slot < 0 { throw .system(-slot, while: .creating, file: file) }
    name = leftover.name
    parent = leftover.parent
    descriptor = leftover.descriptor
    self.slot = Mutex(slot)
  }

  private init(
    _ kind: Kind, in parent: OwnedDescriptor, file: String, naming: () -> String
  ) throws(WeightsError) {
    var slot: Int32 = -1
    while true {
      let name = naming()
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

  /// Has signals leave the file where it is.
  func outliveSignals() {
    slot.withLock { slot in
      if let slot { file_access_temporary_outlives_signals(slot) }
    }
  }

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
