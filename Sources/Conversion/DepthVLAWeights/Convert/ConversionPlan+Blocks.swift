import DVLATensors

/// A range of a stored tensor's bytes that one thread makes at a time.
struct StoredBlock: Sendable {
  /// Index of the stored tensor.
  let tensor: Int
  let range: Range<Int>
  let isLast: Bool
}

extension ConversionPlan {
  /// Every stored tensor in blocks, in the order of the file; scales come with their values.
  var blocks: [StoredBlock] {
    var blocks: [StoredBlock] = []
    for (index, tensor) in tensors.enumerated() {
      if case .scales = tensor.content { continue }
      let byteCount = tensor.info.byteCount
      var start = 0
      // A tensor without elements still has a last block.
      repeat {
        let end = min(start + BlockEncoder.blockByteCount, byteCount)
        blocks.append(StoredBlock(tensor: index, range: start..<end, isLast: end == byteCount))
        start = end
      } while start < byteCount
    }
    return blocks
  }
}
