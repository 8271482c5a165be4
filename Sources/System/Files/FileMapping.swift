public import DVLADiagnostics
import Glibc

/// The bytes of a file as memory: nothing is copied, and pages come when they are first touched.
///
/// A program that shortens the file or writes to it changes this memory: touching a page that no
/// longer exists ends the process with SIGBUS, and bytes may change after they were checked. So
/// only files that are never written in place may be mapped.
///
/// Nothing here writes to it. A program in another language that does gets pages of its own; the
/// file stays as it is.
///
/// Unsafe code. The invariant: `start` points to `byteCount` mapped bytes from `init` to `deinit`.
@safe
public final class FileMapping: @unchecked Sendable {
  public let byteCount: Int
  /// Where the bytes begin, on a page. Valid for as long as this object lives.
  public let start: UnsafeRawPointer

  init(_ descriptor: OwnedDescriptor, byteCount: Int, file: String) throws(WeightsError) {
    let address = unsafe mmap(
      nil, max(byteCount, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE,
      descriptor.number, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw .system(errno, while: .reading, file: file)
    }
    unsafe start = UnsafeRawPointer(address)
    self.byteCount = byteCount
  }

  deinit {
    unsafe munmap(UnsafeMutableRawPointer(mutating: start), max(byteCount, 1))
  }

  /// Gives `body` a range of the bytes.
  ///
  /// - Precondition: the range lies inside the file.
  public func withBytes<Result, Failure: Error>(
    in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "inside the file")
    return try body(
      unsafe UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count).bytes)
  }
}

extension InputFile {
  /// The whole file as memory.
  ///
  /// - Throws: `file.read`, `file.unavailable` where the file cannot be mapped; `file.changed`
  ///   where it was written to since it was opened.
  public func map() throws(WeightsError) -> FileMapping {
    let mapping = try FileMapping(descriptor, byteCount: byteCount, file: path)
    // What has shrunk already would end the process at the first touch.
    try checkUnchanged()
    return mapping
  }
}
