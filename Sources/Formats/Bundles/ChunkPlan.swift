/// The chunks of several tensors as one list of work.
struct ChunkPlan: Sendable {
  struct Step: Sendable {
    /// Position among the tensors.
    let tensor: Int
    /// Which chunks; none of a tensor without bytes, which is one step all the same.
    let chunks: Range<Int>
    /// The last step of its tensor.
    let isLast: Bool
  }

  let steps: [Step]

  /// - Parameter stepChunkCount: chunks of one step, at most. Handing over a step takes some
  ///   microseconds, decoding a chunk some tens of them.
  init(_ tensors: [BundleTensor], stepChunkCount: Int) {
    var steps: [Step] = []
    for (position, tensor) in tensors.enumerated() {
      let count = tensor.chunks.count
      var start = 0
      repeat {
        let end = min(start + stepChunkCount, count)
        steps.append(Step(tensor: position, chunks: start..<end, isLast: end == count))
        start = end
      } while start < count
    }
    self.steps = steps
  }
}
