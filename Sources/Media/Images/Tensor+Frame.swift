import DVLATensors

extension Tensor {
  /// Planes [C, H, W] put into larger ones, with one value around them.
  func framed(in frame: PixelSize, top: Int, left: Int, filling value: Float) -> Tensor {
    let (planes, height, width) = (shape[0], shape[1], shape[2])
    precondition(top + height <= frame.height && left + width <= frame.width, "a larger frame")
    var result = [Float](repeating: value, count: planes * frame.height * frame.width)
    for plane in 0..<planes {
      for row in 0..<height {
        let from = (plane * height + row) * width
        let to = (plane * frame.height + top + row) * frame.width + left
        result.replaceSubrange(to..<to + width, with: values[from..<from + width])
      }
    }
    return Tensor(result, shape: [planes, frame.height, frame.width])
  }
}
