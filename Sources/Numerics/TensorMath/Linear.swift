public import DVLAMatrixProducts
public import DVLATensors

/// y = x Wᵀ + b, as `torch.nn.Linear`: W [out, in], b [out] or none.
public struct Linear: Sendable {
  public let weight: WeightMatrix
  public let bias: [Float]?
  /// The instructions that multiply the weights as they are stored; nil where they are widened and
  /// multiplied in float32.
  public let path: ProductPath?

  /// - Precondition: the bias has as many elements as the weight has rows.
  public init(
    _ weight: WeightMatrix, bias: [Float]? = nil, products: ProductChoice = ProductChoice(.exact)
  ) {
    self.init(weight, bias: bias, path: products.path(for: weight))
  }

  /// - Precondition: the bias has as many elements as the weight has rows; the path is available,
  ///   and of the type of the weights.
  public init(_ weight: WeightMatrix, bias: [Float]?, path: ProductPath?) {
    precondition(bias.map { $0.count == weight.rows } ?? true, "a bias for each output")
    self.weight = weight
    self.bias = bias
    self.path = path
  }

  /// [..., in] -> [..., out].
  ///
  /// The result is cut into tiles by its shape alone, so it is the same bits on any number of
  /// threads.
  public func callAsFunction(_ x: Tensor, on compute: Compute) -> Tensor {
    let (inputs, outputs) = (weight.columns, weight.rows)
    precondition(x.shape.dimensions.last == inputs, "x [..., \(inputs)], found \(x.shape)")
    let shape = Shape(x.shape.dimensions.dropLast() + [outputs])
    var result = Tensor(zeros: shape)
    guard shape.elementCount > 0, inputs > 0 else { return result }
    if let path {
      multiply(x.values, by: path, into: &result, on: compute)
    } else {
      multiplyWidened(x.values, into: &result, on: compute)
    }
    return result
  }
}

extension ProductChoice {
  /// The path for weights that are stored so; nil for float32.
  fileprivate func path(for weight: WeightMatrix) -> ProductPath? {
    switch weight.storage {
    case .f32, .f16: nil
    case .bf16: bf16 == .native ? .bestOfBF16 : nil
    case .int8: int8 == .native ? .bestOfInt8 : nil
    }
  }
}
