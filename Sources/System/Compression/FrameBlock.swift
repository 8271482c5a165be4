/// Bytes of one meaning in the content of a frame, which get blocks of their own.
public struct FrameRun: Sendable {
  let byteCount: Int
  /// Whether nearly all of them are expected to be the same byte.
  let isUniform: Bool

  public init(byteCount: Int, isUniform: Bool = false) {
    self.byteCount = byteCount
    self.isUniform = isUniform
  }

  /// Runs of one size; the last may be shorter.
  public static func equal(of byteCount: Int, each size: Int) -> [FrameRun] {
    stride(from: 0, to: byteCount, by: max(size, 1)).map {
      FrameRun(byteCount: min(size, byteCount - $0))
    }
  }
}

/// A block of a frame: where its content lies.
struct FrameBlock {
  let range: Range<Int>
  let isUniform: Bool

  /// Runs in pieces that a block can hold.
  static func blocks(_ runs: [FrameRun]) -> [FrameBlock] {
    var blocks: [FrameBlock] = []
    var start = 0
    for run in runs {
      let runEnd = start + run.byteCount
      while start < runEnd {
        let end = min(start + ZstdCompressor.blockByteCount, runEnd)
        blocks.append(FrameBlock(range: start..<end, isUniform: run.isUniform))
        start = end
      }
    }
    return blocks
  }
}

/// Stretches in which one byte repeats.
enum RepeatedBytes {
  /// Below this a stretch is dearer as a match, 2 to 3 bytes, than as bytes of one bit each.
  private static let leastCount = 32

  /// The stretches of that range, in order.
  static func find(in source: RawSpan, _ range: Range<Int>) -> [Range<Int>] {
    var stretches: [Range<Int>] = []
    unsafe source.withUnsafeBytes { bytes in
      var start = range.lowerBound
      while start < range.upperBound {
        let byte = unsafe bytes[start]
        let word = UInt64(byte) &* 0x0101_0101_0101_0101
        var end = start + 1
        while end + 8 <= range.upperBound,
          unsafe bytes.loadUnaligned(fromByteOffset: end, as: UInt64.self) == word
        {
          end += 8
        }
        while end < range.upperBound, unsafe bytes[end] == byte { end += 1 }
        if end - start >= leastCount { stretches.append(start..<end) }
        start = end
      }
    }
    return stretches
  }
}
