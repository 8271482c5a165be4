public import DVLAHashing

/// A chunk ready to be written: its stored bytes and what they are checked by.
public struct PackedChunk: Sendable {
  /// The frame, or the plain bytes.
  public let stored: [UInt8]
  public let seal: ChunkSeal

  /// SHA-256 of `stored`.
  public var sha256: Digest { seal.sha256 }
  /// XXH3 of `stored`, 64 bits.
  public var xxh3: UInt64 { seal.xxh3 }
  /// Bytes of the tensor that the chunk holds.
  public var byteCount: Int { seal.byteCount }
}

/// What is known of a chunk's stored bytes without the bytes themselves.
public struct ChunkSeal: Sendable, Equatable {
  /// How many are stored.
  public let storedByteCount: Int
  public let sha256: Digest
  /// XXH3, 64 bits.
  public let xxh3: UInt64
  /// Bytes of the tensor that the chunk holds.
  public let byteCount: Int

  public init(storedByteCount: Int, sha256: Digest, xxh3: UInt64, byteCount: Int) {
    self.storedByteCount = storedByteCount
    self.sha256 = sha256
    self.xxh3 = xxh3
    self.byteCount = byteCount
  }

  /// The seal of stored bytes.
  init(_ stored: [UInt8], byteCount: Int) {
    self.init(
      storedByteCount: stored.count, sha256: SHA256.hash(stored), xxh3: XXH3.hash(stored),
      byteCount: byteCount)
  }

  /// Whether those are the stored bytes.
  public func fits(_ stored: [UInt8]) -> Bool { self == ChunkSeal(stored, byteCount: byteCount) }
}
