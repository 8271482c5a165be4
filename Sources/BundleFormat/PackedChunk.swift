public import Hashing

/// A chunk ready to be written: its stored bytes and what they are checked by.
public struct PackedChunk: Sendable {
  /// The frame, or the plain bytes.
  public let stored: [UInt8]
  /// SHA-256 of `stored`.
  public let sha256: Digest
  /// XXH3 of `stored`, 64 bits.
  public let xxh3: UInt64
  /// Bytes of the tensor that the chunk holds.
  public let byteCount: Int
}
