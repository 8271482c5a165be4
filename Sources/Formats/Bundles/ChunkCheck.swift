/// What the stored bytes of a chunk are held against when they are read. Either finds every changed
/// bit of the bytes that it looks at.
public enum ChunkCheck: Sendable {
  /// XXH3: finds accidents, at the speed of memory.
  case checksum
  /// SHA-256: also finds what someone changed on purpose, as long as the root hash is known from
  /// elsewhere. Where it is not, whoever changes a chunk changes the table too, and this is no
  /// better than the checksum.
  case digest
}
