public import DVLADiagnostics
public import DVLATensorMath
import DVLATensors

extension WeightScope {
  /// A convolution of which each patch is a neighbourhood of its own: `NAME.weight`
  /// [outputs, channels, patch, patch] as a matrix over the values of a patch, channel by channel.
  ///
  /// - Throws: as ``vector(_:count:)``.
  public func patchEmbedding(
    _ name: String, channels: Int, patch: Int, outputs: Int
  ) throws(WeightsError) -> Linear {
    let info = try info(name + ".weight", shape: [outputs, channels, patch, patch])
    try check(info, isOneOf: [.f32, .bf16, .f16])
    let matrix = WeightMatrix(
      try bytes(of: info), dtype: info.dtype, rows: outputs, columns: channels * patch * patch)
    return Linear(
      matrix, bias: try vector(name + ".bias", count: outputs), products: products)
  }

  /// `NAME.weight` [outputs, inputs, kernel, kernel] and, where there is one, `NAME.bias`.
  ///
  /// - Throws: as ``vector(_:count:)``.
  public func convolution(
    _ name: String, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    hasBias: Bool = true
  ) throws(WeightsError) -> Convolution {
    let matrix = try permuted(
      name + ".weight", shape: [outputs, inputs, kernel, kernel], axes: [0, 2, 3, 1],
      rows: outputs)
    let bias = hasBias ? try vector(name + ".bias", count: outputs) : nil
    return Convolution(
      Linear(matrix, bias: bias, products: products), kernel: kernel, stride: stride,
      padding: padding)
  }

  /// A transposed convolution with a stride of its kernel: `NAME.weight`
  /// [inputs, outputs, kernel, kernel] and `NAME.bias`.
  ///
  /// - Throws: as ``vector(_:count:)``.
  public func pixelExpansion(
    _ name: String, inputs: Int, outputs: Int, kernel: Int
  ) throws(WeightsError) -> PixelExpansion {
    let matrix = try permuted(
      name + ".weight", shape: [inputs, outputs, kernel, kernel], axes: [2, 3, 1, 0],
      rows: kernel * kernel * outputs)
    let bias = try vector(name + ".bias", count: outputs)
    return PixelExpansion(
      Linear(
        matrix, bias: Array(repeatElement(bias, count: kernel * kernel).joined()),
        products: products), kernel: kernel)
  }

  /// A tensor of rank 4 with its axes in another order, as a matrix.
  private func permuted(
    _ name: String, shape: [Int], axes: [Int], rows: Int
  ) throws(WeightsError) -> WeightMatrix {
    let info = try info(name, shape: shape)
    try check(info, isOneOf: [.f32, .bf16, .f16])
    let shape = info.shape
    let source = try bytes(of: info)
    let result = try TensorBytes(byteCount: info.byteCount)
    let width = info.byteCount / max(shape.elementCount, 1)
    var strides = [Int](repeating: width, count: 4)
    for axis in (0..<3).reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    let extents = axes.map { shape[$0] }
    let steps = axes.map { strides[$0] }
    source.withBytes { source in
      result.withMutableBytes(in: 0..<info.byteCount) { target in
        var to = 0
        for a in 0..<extents[0] {
          for b in 0..<extents[1] {
            for c in 0..<extents[2] {
              let from = a * steps[0] + b * steps[1] + c * steps[2]
              for d in 0..<extents[3] {
                for byte in 0..<width {
                  // The extents and strides are those of the tensor, whose bytes these are.
                  let value = unsafe source.unsafeLoad(
                    fromByteOffset: from + d * steps[3] + byte, as: UInt8.self)
                  target.storeBytes(of: value, toByteOffset: to, as: UInt8.self)
                  to += 1
                }
              }
            }
          }
        }
      }
    }
    return WeightMatrix(
      result, dtype: info.dtype, rows: rows, columns: shape.elementCount / max(rows, 1))
  }
}
