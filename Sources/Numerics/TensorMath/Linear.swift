import DVLAKernels
public import DVLAMatrixProducts
public import DVLATensors

/// y = x Wᵀ + b, as `torch.nn.Linear`: W [out, in], b [out] or none.
public struct Linear: Sendable {
  public let weight: WeightMatrix
  public let bias: [Float]?
  /// The instructions that multiply the weights as they are stored; nil where they are widened to
  /// float32 and multiplied by ``MatrixProduct``.
  public let path: ProductPath?
  /// Is shown the inputs, under the name of the weights; nil: nothing is.
  public var recorder: (inputs: InputRecorder, name: TensorName)?

  /// - Precondition: the bias has as many elements as the weight has rows.
  public init(
    _ weight: WeightMatrix, bias: [Float]? = nil, products: ProductChoice = ProductChoice(.exact)
  ) {
    self.init(weight, bias: bias, path: products.path(for: weight))
  }

  /// - Parameter path: see ``path``.
  /// - Precondition: the bias has as many elements as the weight has rows; the path is available,
  ///   and multiplies weights of this type.
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
    guard shape.elementCount > 0, inputs > 0 else { return Tensor(zeros: shape) }
    if let recorder { recorder.inputs.add(x.values, columns: inputs, of: recorder.name) }
    return Tensor(writing: shape) { result in
      if let path {
        multiply(x.values, by: path, of: weight.type, into: result, on: compute)
      } else {
        multiplyWidened(x.values, into: result, on: compute)
      }
    }
  }
}

extension ProductChoice {
  /// The path for weights that are stored so.
  fileprivate func path(for weight: WeightMatrix) -> ProductPath? {
    switch weight.storage {
    case .bf16 where bf16 == .native: .bestOfBF16
    case .int8 where int8 == .native: .bestOfInt8
    case .f32, .f16, .bf16, .int8: .bestOfF32
    }
  }
}

extension Linear {
  /// The product with the weights as they are stored.
  private func multiply(
    _ x: [Float], by path: ProductPath, of type: ProductPath.WeightType, into result: SharedFloats,
    on compute: Compute
  ) {
    let (inputs, outputs) = (weight.columns, weight.rows)
    let tokens = x.count / inputs
    let product = StoredProduct(
      path.suited(toTokens: tokens), of: type,
      StoredProduct.Shape(tokens: tokens, inputs: inputs, outputs: outputs, group: weight.group))
    let blockRows = Compute.blockRows(columns: inputs)
    compute.run(items: (tokens + blockRows - 1) / blockRows) { block in
      product.arrange(block * blockRows..<min(tokens, (block + 1) * blockRows), of: x.span)
    }
    let tiles = ProductTiles(tokens: tokens, outputs: outputs, path: path)
    compute.run(items: tiles.count) { item in
      let tile = tiles[item]
      // Threads claim items in order.
      let next = item + compute.threads
      weight.withStored { weights, scales in
        result.withSpan(tile.elements(stride: outputs)) {
          product.multiply(
            tile, before: next < tiles.count ? tiles[next] : nil, weights: weights,
            weightScales: scales, hasFloatScales: weight.hasFloatScales, bias: bias, into: &$0)
        }
      }
    }
  }
}

extension WeightMatrix {
  /// How the weights are stored.
  var type: ProductPath.WeightType {
    switch storage {
    case .f32: .f32
    case .bf16: .bf16
    case .f16: .f16
    case .int8: .int8
    }
  }

  /// Elements of a row that share a scale; nil for floats.
  fileprivate var group: Int? {
    if case .int8(_, let scales) = storage { scales.group } else { nil }
  }

  fileprivate var hasFloatScales: Bool {
    if case .int8(_, let scales) = storage { scales.type == .f32 } else { false }
  }

  /// Calls `body` with the bytes as they are stored, and the scales of INT8.
  func withStored(_ body: (RawSpan, RawSpan?) -> Void) {
    switch storage {
    case .f32(let bytes), .bf16(let bytes), .f16(let bytes):
      bytes.withBytes { body($0, nil) }
    case .int8(let values, let scales):
      values.withBytes { values in scales.bytes.withBytes { scales in body(values, scales) } }
    }
  }
}

extension Linear {
  /// The product in float32 by ``MatrixProduct``.
  /// Each tile widens the weights it needs, a part at a time, into memory that stays in the cache.
  private func multiplyWidened(_ x: [Float], into result: SharedFloats, on compute: Compute) {
    let tiles = Tiles(rows: x.count / weight.columns, columns: weight.rows)
    compute.run(items: tiles.count) { item in computeTile(tiles[item], of: x, into: result) }
  }

  private func computeTile(
    _ tile: (rows: Range<Int>, columns: Range<Int>), of x: [Float], into result: SharedFloats
  ) {
    let (inputs, outputs) = (weight.columns, weight.rows)
    let x = x.span.extracting(tile.rows.lowerBound * inputs..<tile.rows.upperBound * inputs)
    if let bias {
      for row in tile.rows {
        let start = row * outputs
        result.withSpan(start + tile.columns.lowerBound..<start + tile.columns.upperBound) {
          $0.copy(bias.span.extracting(tile.columns), at: 0)
        }
      }
    }
    func multiply(_ weights: Span<Float>, _ columns: Range<Int>) {
      // The rows of this tile interleave with other tiles' columns; only `columns` are written.
      result.withSpan(
        tile.rows.lowerBound * outputs + columns.lowerBound..<(tile.rows.upperBound - 1) * outputs
          + columns.upperBound
      ) {
        MatrixProduct.timesTransposed(
          x, stride: inputs, weights, stride: inputs, m: tile.rows.count, n: columns.count,
          k: inputs, into: &$0, stride: outputs, accumulating: bias != nil)
      }
    }
    if case .f32(let bytes) = weight.storage {
      bytes.withFloats { weights in
        multiply(
          weights.extracting(
            tile.columns.lowerBound * inputs..<tile.columns.upperBound * inputs), tile.columns)
      }
      return
    }
    let step = Tiles.widenedRows(columns: inputs)
    var widened = [Float](repeating: 0, count: min(step, tile.columns.count) * inputs)
    for start in stride(from: tile.columns.lowerBound, to: tile.columns.upperBound, by: step) {
      let columns = start..<min(start + step, tile.columns.upperBound)
      var span = widened.mutableSpan
      var part = span._mutatingExtracting(0..<columns.count * inputs)
      weight.widen(columns, into: &part)
      multiply(widened.span.extracting(0..<columns.count * inputs), columns)
    }
  }
}

/// How the result of a float32 product is cut into tiles, by its shape alone.
private struct Tiles {
  let rows: Int
  let columns: Int
  private let rowStep: Int
  private let columnStep: Int

  /// Up to 768 rows are one tile, more are cut at every 512; columns into at most eight parts of
  /// at least 256, or into parts of 2048 where those are more, in whole lines of the cache.
  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    rowStep = rows <= 768 ? rows : 512
    let parts = max(1, min(8, columns / 256), columns / 2048)
    columnStep = ((columns + parts - 1) / parts + 63) / 64 * 64
  }

  private var columnTiles: Int { (columns + columnStep - 1) / columnStep }
  var count: Int { (rows + rowStep - 1) / rowStep * columnTiles }

  subscript(item: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let (row, column) = (item / columnTiles * rowStep, item % columnTiles * columnStep)
    return (row..<min(rows, row + rowStep), column..<min(columns, column + columnStep))
  }

  /// Rows of weights that are widened at a time: about a megabyte of floats.
  static func widenedRows(columns: Int) -> Int {
    max(64, (1 << 18) / max(columns, 1) / 64 * 64)
  }
}
