import DVLADiagnostics
import Glibc

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
