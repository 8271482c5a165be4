import DVLACFiles
import DVLADiagnostics
import Glibc

/// An open file descriptor, closed when the last reference goes.
///
/// The only file that calls into C for opening, reading and writing. Paths are checked for NUL
/// before they become C strings, and the buffers of spans are used inside their closures only.
final class OwnedDescriptor: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }
  deinit { close(number) }

  /// Opens with `flags` (close-on-exec is added), relative to `folder` where there is one.
  static func open(
    _ path: String, in folder: OwnedDescriptor? = nil, flags: Int32, while task: FileTask,
    file: String
  ) throws(WeightsError) -> OwnedDescriptor {
    try checkPath(path, file: file)
    while true {
      let number = unsafe openat(folder?.number ?? AT_FDCWD, path, flags | O_CLOEXEC)
      if number >= 0 { return OwnedDescriptor(number) }
      if errno != EINTR { throw .system(errno, while: task, file: file) }
    }
  }

  static func checkPath(_ path: String, file: String) throws(WeightsError) {
    if path.isEmpty { throw WeightsError(.filePath, .usage, file: file, "the path is empty") }
    if path.utf8.contains(0) {
      throw WeightsError(.filePath, .usage, file: file, "the path contains a NUL character")
    }
  }

  func status(while task: FileTask, file: String) throws(WeightsError) -> stat {
    var status = stat()
    if unsafe fstat(number, &status) != 0 { throw .system(errno, while: task, file: file) }
    return status
  }

  /// Bytes of one system call: Linux moves at most 2 GiB - 4 KiB.
  static let largestTransfer = 1 << 30

  /// Reads until the destination is full or the file ends; the count of bytes that were read.
  func read(
    at offset: Int, into destination: inout MutableRawSpan, file: String
  ) throws(WeightsError) -> Int {
    var failure: Int32 = 0
    let done = unsafe destination.withUnsafeMutableBytes { buffer in
      var done = 0
      while done < buffer.count {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        let count = unsafe pread(
          number, rest.baseAddress, min(rest.count, Self.largestTransfer), offset + done)
        if count > 0 {
          done += count
        } else if count == 0 {
          break
        } else if errno != EINTR {
          failure = errno
          break
        }
      }
      return done
    }
    if failure != 0 { throw .system(failure, while: .reading, file: file) }
    return done
  }

  func write(_ bytes: RawSpan, at offset: Int, file: String) throws(WeightsError) {
    let failure: Int32 = unsafe bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
        let count = unsafe pwrite(
          number, rest.baseAddress, min(rest.count, Self.largestTransfer), offset + done)
        if count >= 0 { done += count } else if errno != EINTR { return errno }
      }
      return 0
    }
    if failure != 0 { throw .system(failure, while: .writing, file: file) }
  }

  /// Forces the data to the device. Pipes and some network mounts cannot, and say EINVAL.
  func synchronize(file: String) throws(WeightsError) {
    while fsync(number) != 0 {
      if errno == EINVAL { return }
      if errno != EINTR { throw .system(errno, while: .writing, file: file) }
    }
  }
}
