import DVLACFiles
public import DVLADiagnostics
import Glibc
import Synchronization

/// A new file that is being written by position, from as many threads as there are.
public final class OutputFileHandle: Sendable {
  /// The path the file will have, for messages.
  public let path: String
  private let descriptor: Mutex<OwnedDescriptor?>

  init(_ descriptor: OwnedDescriptor, path: String) {
    self.path = path
    self.descriptor = Mutex(descriptor)
  }

  /// Writes the bytes at `offset`; bytes that are never written read as zero.
  ///
  /// - Throws: `file.no-space` (device, quota or size limit), `file.write`, `file.finished`.
  public func write(_ bytes: RawSpan, at offset: Int) throws(WeightsError) {
    // The lock is not held while writing: the reference keeps the descriptor open.
    try open().write(bytes, at: offset, file: path)
  }

  /// Has the system begin to bring those bytes to the device, so that ``finish()`` waits less. They
  /// stay readable meanwhile. Advice: a file system may ignore it.
  ///
  /// - Throws: `file.finished`.
  public func beginWriting(_ range: Range<Int>) throws(WeightsError) {
    file_access_begin_writing(try open().number, range.lowerBound, range.count)
  }

  /// Has the system bring those bytes to the device, and waits until it has taken them. What the
  /// device keeps in a cache of its own, and where the file has its bytes, is only safe after
  /// ``finish()``.
  ///
  /// - Throws: `file.write`, `file.no-space`, which ``finish()`` would not find again;
  ///   `file.finished`.
  public func finishWriting(_ range: Range<Int>) throws(WeightsError) {
    let number = -file_access_finish_writing(try open().number, range.lowerBound, range.count)
    if number != 0 { throw .system(number, while: .writing, file: path) }
  }

  /// Takes the room for a file of `byteCount` bytes now, so that a full disk is found before the
  /// work and not after it. The size of the file does not change by it. File systems that cannot do
  /// so are left to find out while writing.
  ///
  /// - Throws: `file.no-space`, `file.write`, `file.finished`.
  public func reserve(byteCount: Int) throws(WeightsError) {
    let descriptor = try open()
    if byteCount <= 0 { return }
    let number = -file_access_reserve(descriptor.number, byteCount)
    if number == 0 || number == EOPNOTSUPP || number == ENOSYS { return }
    let failure = SystemFailure(number, while: .writing)
    throw WeightsError(
      failure.code, failure.kind, file: path,
      "there is no room for its \(byteCount) bytes: \(SystemFailure.words(number))")
  }

  /// Forces the data to the device. Nothing can be written after that.
  ///
  /// - Throws: `file.write`, `file.no-space`. Finishing twice is no error.
  public func finish() throws(WeightsError) {
    let last = descriptor.withLock { descriptor in
      defer { descriptor = nil }
      return descriptor
    }
    try last?.synchronize(file: path)
  }

  private func open() throws(WeightsError) -> OwnedDescriptor {
    guard let open = descriptor.withLock({ $0 }) else {
      throw WeightsError(
        .fileFinished, .inputOutput, file: path, "was written to after it was finished")
    }
    return open
  }
}
