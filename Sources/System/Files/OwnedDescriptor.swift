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

extension OwnedDescriptor {
  /// Reads into pieces of two buffers in turn, beginning with `a`, until all are full or the file
  /// ends; the count of bytes that were read.
  ///
  /// Unsafe code: the vectors point into the two buffers, which are borrowed until the closures
  /// end.
  ///
  /// - Precondition: the ranges lie inside their buffers and do not overlap.
  func read(
    at offset: Int, _ pieces: [Range<Int>], ofOne a: inout MutableRawSpan,
    andOther b: inout MutableRawSpan, file: String
  ) throws(WeightsError) -> Int {
    let outcome: (done: Int, failure: Int32) = unsafe a.withUnsafeMutableBytes { a in
      unsafe b.withUnsafeMutableBytes { b in
        unsafe fill(
          pieces.enumerated().map { index, range in
            let buffer = unsafe index.isMultiple(of: 2) ? a : b
            return unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[range])
          }, at: offset)
      }
    }
    if outcome.failure != 0 { throw .system(outcome.failure, while: .reading, file: file) }
    return outcome.done
  }

  /// Linux takes that many vectors in one call.
  private static let vectorLimit = 1024

  private func fill(
    _ pieces: [UnsafeMutableRawBufferPointer], at offset: Int
  ) -> (done: Int, failure: Int32) {
    var rest = unsafe pieces[...]
    var done = 0
    while let first = unsafe rest.first {
      let vectors = unsafe rest.prefix(Self.vectorLimit).map { piece in
        unsafe iovec(iov_base: piece.baseAddress, iov_len: piece.count)
      }
      let count = unsafe preadv(number, vectors, Int32(vectors.count), offset + done)
      if count < 0 {
        if errno == EINTR { continue }
        return (done, errno)
      }
      if count == 0, unsafe !first.isEmpty { break }
      done += count
      // Past the pieces that are full, into the one that is not.
      var skipped = count
      while let piece = unsafe rest.first, skipped >= piece.count {
        skipped -= piece.count
        unsafe rest.removeFirst()
      }
      if skipped > 0, let piece = unsafe rest.first {
        unsafe rest[rest.startIndex] = UnsafeMutableRawBufferPointer(
          rebasing: piece.dropFirst(skipped))
      }
    }
    return (done, 0)
  }
}

extension OwnedDescriptor {
  private static let largestListing = 100_000

  /// The names in the folder that this is the descriptor of, in no order.
  ///
  /// - Throws: `file.permission`, `file.read`, `file.too-large` for more than 100 000 entries.
  func names(file path: String) throws(WeightsError) -> [String] {
    var folder: Int32
    repeat {
      folder = unsafe openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    } while folder < 0 && errno == EINTR
    guard folder >= 0 else { throw .system(errno, while: .reading, file: path) }
    // The stream takes the descriptor over.
    guard let stream = unsafe fdopendir(folder) else {
      let reason = errno
      close(folder)
      throw .system(reason, while: .reading, file: path)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        if errno != 0 { throw .system(errno, while: .reading, file: path) }
        return names
      }
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name == "." || name == ".." { continue }
      guard names.count < Self.largestListing else {
        throw WeightsError(
          .fileTooLarge, file: path, "the folder has more than \(Self.largestListing) entries")
      }
      names.append(name)
    }
  }
}
