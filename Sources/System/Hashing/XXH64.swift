import DVLACXXHash

/// XXH64 with seed 0 by the xxHash library: what zstd frames are checked by.
///
/// Unsafe code: the pointer lives inside the closure only, and is of as many bytes as it says.
public enum XXH64 {
  public static func hash(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe dvla_xxh64(dvla_bytes($0)) }
  }
}
