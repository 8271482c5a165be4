import DVLATensors

extension Tensor {
  /// [B, S1, D], [B, S2, D], … -> [B, S1 + S2 + …, D].
  ///
  /// - Precondition: at least one, and all have the same B and D.
  static func joiningTokens(_ parts: [Tensor]) -> Tensor {
    guard parts.count > 1 else { return parts[0] }
    let (batch, width) = (parts[0].shape[0], parts[0].shape[2])
    let lengths = parts.map { $0.shape[1] }
    let length = lengths.reduce(0, +)
    var values: [Float] = []
    values.reserveCapacity(batch * length * width)
    for sample in 0..<batch {
      for (part, length) in zip(parts, lengths) {
        precondition(part.shape == [batch, length, width], "tokens of one batch and width")
        values += part.values[sample * length * width..<(sample + 1) * length * width]
      }
    }
    return Tensor(values, shape: [batch, length, width])
  }

  /// Tokens [B, S, D] -> [B, range.count, D].
  func tokens(_ range: Range<Int>) -> Tensor {
    let (batch, length, width) = (shape[0], shape[1], shape[2])
    var values: [Float] = []
    values.reserveCapacity(batch * range.count * width)
    for sample in 0..<batch {
      let start = sample * length
      values += self.values[(start + range.lowerBound) * width..<(start + range.upperBound) * width]
    }
    return Tensor(values, shape: [batch, range.count, width])
  }
}
