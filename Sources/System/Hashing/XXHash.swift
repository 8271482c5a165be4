import DVLACXXHash

/// XXH3 with 64 bits by the xxHash library: detects accidental changes as fast as bytes can be
/// read. It does not protect against changes that are made on purpose; ``SHA256`` does.
///
/// Unsafe code: the pointers live inside the closures only, and the parts say how many bytes each
/// holds.
public enum XXH3 {
  /// The hash of bytes that are all in memory, with seed 0.
  public static func hash(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { buffer in
      var part = unsafe dvla_bytes(buffer)
      return unsafe dvla_xxh3_64(&part, 1)
    }
  }

  /// The hash of bytes that are all in memory, with seed 0.
  public static func hash(_ bytes: [UInt8]) -> UInt64 { hash(unsafe bytes.span.bytes) }

  /// The hash of the concatenated pieces of two buffers.
  ///
  /// - Parameter pieces: ranges of `a` and of `b` in turn, beginning with `a`.
  /// - Precondition: the ranges lie inside their buffers.
  public static func hash(_ pieces: [Range<Int>], ofOne a: RawSpan, andOther b: RawSpan) -> UInt64 {
    for (index, range) in pieces.enumerated() {
      let count = index.isMultiple(of: 2) ? a.byteCount : b.byteCount
      precondition(range.lowerBound >= 0 && range.upperBound <= count, "inside its buffer")
    }
    return unsafe a.withUnsafeBytes { a in
      unsafe b.withUnsafeBytes { b in
        let parts = unsafe pieces.enumerated().map { index, range in
          let buffer = unsafe index.isMultiple(of: 2) ? a : b
          return unsafe dvla_bytes(UnsafeRawBufferPointer(rebasing: buffer[range]))
        }
        return unsafe dvla_xxh3_64(parts, parts.count)
      }
    }
  }

  /// Without AVX2, for comparison.
  static func portableHash(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { buffer in
      var part = unsafe dvla_bytes(buffer)
      return unsafe dvla_xxh3_64_portable(&part, 1)
    }
  }
}

extension dvla_bytes {
  init(_ buffer: UnsafeRawBufferPointer) {
    unsafe self.init(start: buffer.baseAddress, count: buffer.count)
  }
}

/// XXH64 with seed 0 by the xxHash library: what zstd frames are checked by.
///
/// Unsafe code: the pointer lives inside the closure only, and is of as many bytes as it says.
public enum XXH64 {
  /// The hash of bytes that are all in memory.
  public static func hash(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe dvla_xxh64(dvla_bytes($0)) }
  }
}
