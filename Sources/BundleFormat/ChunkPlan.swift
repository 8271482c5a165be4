/// The chunks of several tensors as one list of work.
struct ChunkPlan: Sendable {
  struct Step: Sendable {
    /// Position among the tensors.
    let tensor: Int
    /// Which chunk; nil for a tensor without bytes, which is one step all the same.
    let chunk: Int?
    /// The last step of its tensor.
    let isLast: Bool
  }

  let steps: [Step]

  init(_ tensors: [BundleTensor]) {
    var steps: [Step] = []
    steps.reserveCapacity(tensors.reduce(0) { $0 + max($1.chunks.count, 1) })
    for (position, tensor) in tensors.enumerated() {
      let count = tensor.chunks.count
      if count == 0 { steps.append(Step(tensor: position, chunk: nil, isLast: true)) }
      for chunk in 0..<count {
        steps.append(Step(tensor: position, chunk: chunk, isLast: chunk == count - 1))
      }
    }
    self.steps = steps
  }
}
