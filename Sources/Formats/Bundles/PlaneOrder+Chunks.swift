import DVLACompression
import DVLAKernels

extension PlaneOrder {
  /// The runs of bytes of one meaning in the planes of a chunk.
  ///
  /// - Precondition: the order has planes, and the chunk whole words.
  func runs(of byteCount: Int, hasWindow: Bool) -> [FrameRun] {
    let words = byteCount / count
    guard hasWindow else { return FrameRun.equal(of: byteCount, each: words) }
    let quarter = FrameRun(byteCount: words / 4)
    // The last quarter plane says which words are not in the window: few. What is behind it are the
    // lowest bytes of words that make no four.
    return [FrameRun](repeating: FrameRun(byteCount: words), count: count - 1)
      + [quarter, quarter, quarter, FrameRun(byteCount: words / 4, isUniform: true)]
      + [FrameRun(byteCount: words % 4)]
  }

  /// Puts the content of a frame in the order of the tensor.
  ///
  /// - Parameter isMarked: whether the frame is marked: see ``ZstdFrame``.
  /// - Precondition: the order has planes, and `elements` has as many bytes as `planes`.
  func merge(_ planes: RawSpan, isMarked: Bool, into elements: inout MutableRawSpan) {
    if hasWindow, isMarked {
      WindowPlanes.merge(planes, width: count, into: &elements)
    } else {
      BytePlanes.merge(planes, width: count, into: &elements)
    }
  }
}
