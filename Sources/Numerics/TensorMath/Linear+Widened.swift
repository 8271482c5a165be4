import DVLAKernels
import DVLAMatrixProducts
import DVLATensors

extension Linear {
  /// The product in float32. Whoever computes a tile widens the weights it needs, a part at a time,
  /// into memory that stays in the cache.
  func multiplyWidened(_ x: [Float], into result: inout Tensor, on compute: Compute) {
    let outputs = weight.rows
    let tiles = Tiles(rows: result.values.count / outputs, columns: outputs)
    result.values.withShared { shared in
      compute.run(items: tiles.count) { item in computeTile(tiles[item], of: x, into: shared) }
    }
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
          RowKernel.addBias(bias.span.extracting(tile.columns), toRowsOf: &$0)
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

/// How the result of a product is cut, by its shape alone.
struct Tiles {
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
