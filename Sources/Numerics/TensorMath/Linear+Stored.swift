import DVLAKernels
import DVLAMatrixProducts
import DVLATensors

extension Linear {
  /// The product in the type of the weights.
  func multiply(
    _ x: [Float], by path: ProductPath, into result: inout Tensor, on compute: Compute
  ) {
    let (inputs, outputs) = (weight.columns, weight.rows)
    let tokens = x.count / inputs
    let product = StoredProduct(
      path,
      StoredProduct.Shape(tokens: tokens, inputs: inputs, outputs: outputs, group: weight.group))
    let blockRows = Compute.blockRows(columns: inputs)
    compute.run(items: (tokens + blockRows - 1) / blockRows) { block in
      product.arrange(block * blockRows..<min(tokens, (block + 1) * blockRows), of: x.span)
    }
    let tiles = ProductTiles(tokens: tokens, outputs: outputs)
    result.values.withShared { shared in
      compute.run(items: tiles.count) { item in
        let tile = tiles[item]
        weight.withStored { weights, scales in
          shared.withSpan(tile.elements(stride: outputs)) {
            product.multiply(
              tile, weights: weights, weightScales: scales, hasFloatScales: weight.hasFloatScales,
              bias: bias, into: &$0)
          }
        }
      }
    }
  }
}

extension WeightMatrix {
  /// Elements of a row that share a scale; nil for floats.
  fileprivate var group: Int? {
    if case .int8(_, let scales) = storage { scales.group } else { nil }
  }

  fileprivate var hasFloatScales: Bool {
    if case .int8(_, let scales) = storage { scales.type == .f32 } else { false }
  }

  /// Gives `body` the bytes as they are stored, and the scales of INT8.
  fileprivate func withStored(_ body: (RawSpan, RawSpan?) -> Void) {
    switch storage {
    case .f32(let bytes), .bf16(let bytes), .f16(let bytes):
      bytes.withBytes { body($0, nil) }
    case .int8(let values, let scales):
      values.withBytes { values in scales.bytes.withBytes { scales in body(values, scales) } }
    }
  }
}
