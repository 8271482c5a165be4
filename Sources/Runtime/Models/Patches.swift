import DVLATensors

extension Tensor {
  /// The patches of images [B, C, H, W] as rows [B, H/p * W/p, C p p], row by row; the values of a
  /// patch lie channel by channel, as a convolution's weight has them.
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
}
