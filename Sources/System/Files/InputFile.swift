public import DVLADiagnostics
public import DVLAHashing
import Glibc

/// A regular file that is read by position, through one descriptor from the first check to the
/// last byte. It is read rather than mapped, unless asked (``map()``): a mapped file that shrinks
/// kills the process.
public final class InputFile: Sendable {
  /// The path as the caller gave it, for messages.
  public let path: String
  /// Bytes in the file when it was opened.
  public let byteCount: Int

  let descriptor: OwnedDescriptor
  /// What it was when it was opened.
  private let opened: stat
  /// Numbers that are others when the file was written to or replaced since: its own number, its
  /// size, and when its contents and its entry last changed, in seconds and nanoseconds.
  public let fingerprint: [Int64]

  /// Opens the file at `path`, which may be a symbolic link.
  ///
  /// - Throws: `file.not-found`, `file.not-regular` for folders, pipes and devices,
  ///   `file.permission`, `file.path`, `file.unavailable`, `file.read`.
  public convenience init(path: String) throws(WeightsError) {
    let status = try stat(path, followingLinks: true, while: .opening, file: path)
    try status.requireRegular(file: path)
    try self.init(name: path, in: nil, flags: 0, path: path)
  }

  /// Opens `name`, relative to `folder`. The file may have been replaced since it was looked up,
  /// so its kind is checked again on the descriptor, and opening does not wait on a pipe.
  init(
    name: String, in folder: OwnedDescriptor?, flags: Int32, path: String
  ) throws(WeightsError) {
    descriptor = try OwnedDescriptor.open(
      name, in: folder, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY | flags, while: .opening,
      file: path)
    let status = try descriptor.status(while: .opening, file: path)
    try status.requireRegular(file: path)
    self.path = path
    byteCount = status.st_size
    opened = status
    fingerprint = [
      Int64(truncatingIfNeeded: status.st_ino), Int64(status.st_size),
      Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec), Int64(status.st_ctim.tv_sec),
      Int64(status.st_ctim.tv_nsec),
    ]
  }

  /// Fills `destination` with the bytes that start at `offset`. Safe to call from several threads.
  ///
  /// - Throws: `file.range` when the range leaves the file, `file.shrank` when the file has
  ///   become shorter since it was opened, `file.read`.
  public func read(
    at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    let wanted = destination.byteCount
    try checkRange(at: offset, count: wanted)
    let found = try descriptor.read(at: offset, into: &destination, file: path)
    try requireAll(wanted, found: found, at: offset)
  }

  /// Fills pieces of two buffers with the bytes that start at `offset`, without a copy in between.
  ///
  /// - Parameter pieces: ranges of `a` and of `b` in turn, beginning with `a`, in the order of the
  ///   file.
  /// - Throws: as ``read(at:into:)``.
  /// - Precondition: the ranges lie inside their buffers and do not overlap.
  public func read(
    at offset: Int, _ pieces: [Range<Int>], ofOne a: inout MutableRawSpan,
    andOther b: inout MutableRawSpan
  ) throws(WeightsError) {
    for (index, range) in pieces.enumerated() {
      let count = index.isMultiple(of: 2) ? a.byteCount : b.byteCount
      precondition(range.lowerBound >= 0 && range.upperBound <= count, "inside its buffer")
    }
    let wanted = pieces.reduce(0) { $0 + $1.count }
    try checkRange(at: offset, count: wanted)
    let found = try descriptor.read(at: offset, pieces, ofOne: &a, andOther: &b, file: path)
    try requireAll(wanted, found: found, at: offset)
  }

  private func requireAll(_ wanted: Int, found: Int, at offset: Int) throws(WeightsError) {
    guard found < wanted else { return }
    throw WeightsError(
      .fileShrank, .inputOutput, file: path,
      "ends at byte \(offset + found), but had \(byteCount) bytes when it was opened")
  }

  /// Looks whether the file was written to since it was opened. A file that was replaced under
  /// its name is no concern: the descriptor still holds the old one.
  ///
  /// - Throws: `file.changed`.
  public func checkUnchanged() throws(WeightsError) {
    let now = try descriptor.status(while: .reading, file: path)
    if now.st_size != byteCount {
      throw WeightsError(
        .fileChanged, .inputOutput, file: path,
        "changed while it was being read, from \(byteCount) to \(now.st_size) bytes; run the command "
          + "again when nothing writes to it")
    }
    if FileChangeMark(time: now.st_mtim) != FileChangeMark(time: opened.st_mtim) {
      throw WeightsError(
        .fileChanged, .inputOutput, file: path,
        "changed while it was being read; run the command again when nothing writes to it")
    }
  }

  /// When anything of the file changed last: its bytes, even where the time of that was set back,
  /// or its names, permissions, attributes. Writes through memory that is mapped already may leave
  /// none, nor do those within the same few milliseconds, the system's clock for files.
  ///
  /// - Throws: `file.read`.
  public func changeMark() throws(WeightsError) -> FileChangeMark {
    FileChangeMark(time: try descriptor.status(while: .reading, file: path).st_ctim)
  }

  /// The mark when the file was opened.
  public var openedMark: FileChangeMark { FileChangeMark(time: opened.st_ctim) }

  /// Tells the system that the file will be read from front to back, so that it reads ahead.
  public func adviseSequential() {
    _ = posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_SEQUENTIAL)
  }
}

/// All bytes of a small file.
///
/// - Throws: `file.too-large` when it has more than `limit` bytes, before any memory is taken for
///   them; as ``InputFile``.
public func readWholeFile(path: String, limit: Int) throws(WeightsError) -> [UInt8] {
  try InputFile(path: path).readAll(limit: limit)
}

extension InputFile {
  /// All bytes of a small file.
  ///
  /// - Throws: `file.too-large` when it has more than `limit` bytes; as ``read(at:into:)``.
  public func readAll(limit: Int) throws(WeightsError) -> [UInt8] {
    guard byteCount <= limit else {
      throw WeightsError(
        .fileTooLarge, file: path, "has \(byteCount) bytes; at most \(limit) are read")
    }
    return try bytes(at: 0, count: byteCount)
  }

  /// `count` bytes from `offset` on. The count is checked against the file before memory is taken.
  ///
  /// - Throws: as ``read(at:into:)``.
  public func bytes(at offset: Int, count: Int) throws(WeightsError) -> [UInt8] {
    try checkRange(at: offset, count: count)
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try read(at: offset, into: &raw)
    return bytes
  }

  private func checkRange(at offset: Int, count: Int) throws(WeightsError) {
    guard offset >= 0, count >= 0, offset <= byteCount, count <= byteCount - offset else {
      throw WeightsError(
        .fileRange, .inputOutput, file: path,
        "cannot read \(count) bytes at offset \(offset) of a file of \(byteCount) bytes")
    }
  }
}

/// See ``InputFile/changeMark()``.
public struct FileChangeMark: Sendable, Equatable {
  private let seconds: Int
  private let nanoseconds: Int

  init(time: timespec) {
    seconds = time.tv_sec
    nanoseconds = time.tv_nsec
  }
}

extension InputFile {
  private static let hashedByteCount = 4 << 20

  /// Feeds the bytes of the file to a hash, a few megabytes at a time.
  ///
  /// - Parameters:
  ///   - start: the first byte.
  ///   - goesOn: called after each piece with the place of the next; false ends it there.
  /// - Throws: `file.shrank`, `file.read`; what `goesOn` throws.
  public func feed(
    _ hash: inout SHA256, from start: Int = 0,
    while goesOn: (_ offset: Int) throws(WeightsError) -> Bool = { _ in true }
  ) throws(WeightsError) {
    var buffer = [UInt8](repeating: 0, count: Self.hashedByteCount)
    var offset = start
    while offset < byteCount {
      let count = min(buffer.count, byteCount - offset)
      var span = buffer.mutableSpan
      var whole = unsafe span.mutableBytes
      var piece = whole._mutatingExtracting(0..<count)
      try read(at: offset, into: &piece)
      hash.update(unsafe buffer.span.bytes.extracting(0..<count))
      offset += count
      if try !goesOn(offset) { return }
    }
  }

  /// SHA-256 of the whole file.
  ///
  /// - Throws: `file.shrank`, `file.read`.
  public func sha256() throws(WeightsError) -> Digest {
    var hash = SHA256()
    try feed(&hash)
    return hash.finalize()
  }
}
