public import Hashing

/// A chunk ready to be written: its stored bytes and their hash.
public struct PackedChunk: Sendable {
  /// The frame, or the plain bytes.
  public let stored: [UInt8]
  /// SHA-256 of `stored`.
  public let sha256: Digest
  /// Bytes of the tensor that the chunk holds.
  public let byteCount: Int
}
