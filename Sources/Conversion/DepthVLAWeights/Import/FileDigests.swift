import DVLADiagnostics
import DVLAFiles
import DVLAHashing

/// SHA-256 of whole files, two side by side: see ``SHA256Stream``.
enum FileDigests {
  /// Few enough that the bytes are still in the cache when they are hashed; whole blocks.
  fileprivate static let pieceByteCount = 256 << 10

  /// - Parameter goesOn: asked between pieces; where it says no the work ends.
  /// - Returns: in the order of the files; nil where the work was ended.
  /// - Throws: `file.shrank`, `file.read`.
  static func compute(
    _ files: [InputFile], while goesOn: () -> Bool
  ) throws(WeightsError) -> [Digest]? {
    var digests = [Digest?](repeating: nil, count: files.count)
    var rest = files.indices[...]
    let (a, b) = (FileLane(), FileLane())
    while goesOn() {
      for lane in [a, b] where lane.index == nil {
        guard let next = rest.popFirst() else { continue }
        lane.begin(next)
      }
      for lane in [a, b] {
        if let index = lane.index { try lane.read(from: files[index]) }
      }
      FileLane.hash(a, b)
      for lane in [a, b] {
        guard let index = lane.index, lane.offset == files[index].byteCount else { continue }
        digests[index] = lane.end()
      }
      if a.index == nil, b.index == nil, rest.isEmpty { return digests.compactMap(\.self) }
    }
    return nil
  }
}

/// One of two files that are hashed side by side.
private final class FileLane {
  /// The file that is read; nil between two.
  private(set) var index: Int?
  /// Bytes of it that were read.
  private(set) var offset = 0
  private var hash = SHA256Stream()
  private var piece: [UInt8] = []
  /// Bytes of the piece that are not hashed yet.
  private var count = 0

  func begin(_ index: Int) {
    self.index = index
    offset = 0
  }

  /// Reads the next piece.
  func read(from file: InputFile) throws(WeightsError) {
    count = min(FileDigests.pieceByteCount, file.byteCount - offset)
    piece.grow(to: FileDigests.pieceByteCount)
    try piece.withBytes(count) { (bytes) throws(WeightsError) in
      try file.read(at: offset, into: &bytes)
    }
    offset += count
  }

  /// Hashes the pieces of two files.
  static func hash(_ a: FileLane, _ b: FileLane) {
    a.piece.withReadOnlyBytes(a.count) { aBytes in
      b.piece.withReadOnlyBytes(b.count) { bBytes in
        SHA256Stream.update(&a.hash, aBytes, &b.hash, bBytes)
      }
    }
    (a.count, b.count) = (0, 0)
  }

  /// The digest of the file, whose last piece was hashed.
  func end() -> Digest {
    var done = SHA256Stream()
    swap(&done, &hash)
    index = nil
    return done.finalize()
  }
}
