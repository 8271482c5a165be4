import DVLATensors

// How models rearrange the elements of tensors between layers.

extension Tensor {
  /// [B, S1, D], [B, S2, D], … -> [B, S1 + S2 + …, D].
  ///
  /// - Precondition: there is at least one part, and all have the same B and D.
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

  /// The patches of images [B, C, H, W] as rows [B, H/p * W/p, C p p], row by row; the values of a
  /// patch lie channel by channel, as in the weight of a convolution.
  ///
  /// - Precondition: p divides H and W.
  func patches(of size: Int) -> Tensor {
    let (batch, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
    let (rows, columns) = (height / size, width / size)
    var patches: [Float] = []
    patches.reserveCapacity(values.count)
    for sample in 0..<batch {
      for row in 0..<rows {
        for column in 0..<columns {
          for channel in 0..<channels {
            for y in 0..<size {
              let line = (sample * channels + channel) * height + row * size + y
              let start = line * width + column * size
              patches.append(contentsOf: values[start..<start + size])
            }
          }
        }
      }
    }
    return Tensor(patches, shape: [batch, rows * columns, channels * size * size])
  }

  /// [rows, columns] -> [columns, rows].
  func transposed() -> Tensor {
    let (rows, columns) = (shape[0], shape[1])
    var result = [Float](repeating: 0, count: values.count)
    for row in 0..<rows {
      for column in 0..<columns { result[column * rows + row] = values[row * columns + column] }
    }
    return Tensor(result, shape: [columns, rows])
  }
}
