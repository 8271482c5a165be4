import DVLAKernels
public import DVLAMatrixProducts
public import DVLATensors

/// Scaled dot-product attention over heads of equal width.
public struct Attention: Sendable {
  /// Heads of the queries.
  public let heads: Int
  /// Heads of keys and values; each serves `heads / keyValueHeads` query heads in a row.
  public let keyValueHeads: Int
  public let headDim: Int
  /// The float32 instructions of its products; nil where ``MatrixProduct`` computes them.
  public let path: ProductPath?

  /// - Precondition: `keyValueHeads` divides `heads`; the path is available, and of float32.
  public init(
    heads: Int, keyValueHeads: Int, headDim: Int, path: ProductPath? = .bestOfF32
  ) {
    precondition(keyValueHeads > 0 && heads.isMultiple(of: keyValueHeads), "whole groups of heads")
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headDim = headDim
    self.path = path
  }

  /// softmax(q kᵀ / √headDim + mask) v, head by head.
  ///
  /// - Parameters:
  ///   - query: [B, S, heads * headDim].
  ///   - key: [B, T, keyValueHeads * headDim].
  ///   - value: as `key`.
  ///   - mask: who sees whom. A query that sees no key gets zeros.
  /// - Returns: [B, S, heads * headDim].
  public func callAsFunction(
    query: Tensor, key: Tensor, value: Tensor, mask: AttentionMask = .all, on compute: Compute
  ) -> Tensor {
    let (batch, queries, keys) = (query.shape[0], query.shape[1], key.shape[1])
    let (width, keyWidth) = (heads * headDim, keyValueHeads * headDim)
    precondition(query.shape == [batch, queries, width], "query [B, S, \(width)]")
    precondition(key.shape == [batch, keys, keyWidth] && value.shape == key.shape, "keys, values")
    mask.check(batch: batch, queries: queries, keys: keys)
    guard queries > 0, keys > 0, width > 0 else { return Tensor(zeros: query.shape) }
    let shape = AttentionProducts.Shape(
      keys: keys, headDim: headDim, queryStride: rowStride, keyStride: keyWidth)
    let products = path.map { AttentionProducts($0, shape, heads: batch * keyValueHeads) }
    if let products { arrange(key, value, in: products, on: compute) }
    let (rows, step) = (queries * rowsPerQuery, blockRows(of: queries))
    let (blocks, separateHeads) = ((rows + step - 1) / step, heads / rowsPerQuery)
    return Tensor(writing: query.shape) { result in
      compute.run(items: batch * separateHeads * blocks) { item in
        let (block, head) = (item % blocks, item / blocks % separateHeads)
        let sample = item / blocks / separateHeads
        let range = block * step..<min(rows, (block + 1) * step)
        let start = sample * queries * width + range.lowerBound * rowStride + head * headDim
        let query = query.values.span.extracting(start..<query.values.count)
        func weigh(_ scores: inout MutableSpan<Float>, _ rows: Range<Int>) {
          mask.hide(&scores, sample: sample, rows: rows, rowsPerQuery: rowsPerQuery, keys: keys)
          RowKernel.softmax(&scores, columns: keys, scale: 1 / Float(headDim).squareRoot())
        }
        result.withSpan(start..<start + shape.elements(ofQueries: range.count)) { target in
          if let products {
            products.multiply(
              head: sample * keyValueHeads + keyHead(of: head), query: query,
              queries: range.count,
              weigh: { weigh(&$1, range.lowerBound + $0..<range.lowerBound + $0 + 1) },
              into: &target)
          } else {
            let keyStart = sample * keys * keyWidth + keyHead(of: head) * headDim
            attend(
              query: query, key: key.values.span.extracting(keyStart..<key.values.count),
              value: value.values.span.extracting(keyStart..<value.values.count),
              rows: range.count, keys: keys, weigh: { weigh(&$0, range) }, into: &target)
          }
        }
      }
    }
  }

  private func arrange(
    _ key: Tensor, _ value: Tensor, in products: AttentionProducts, on compute: Compute
  ) {
    let parts = products.parts
    compute.run(items: products.heads * parts) { item in
      let head = item / parts
      let start =
        head / keyValueHeads * key.shape[1] * keyValueHeads * headDim
        + head % keyValueHeads * headDim
      products.arrange(
        head: head, part: item % parts,
        key: key.values.span.extracting(start..<key.values.count),
        value: value.values.span.extracting(start..<value.values.count))
    }
  }

  /// Heads that share all keys are rows of one product: a query's lie one after the other, and
  /// longer products take less time for each row.
  private var rowsPerQuery: Int { keyValueHeads == 1 ? heads : 1 }
  private var rowStride: Int { keyValueHeads == 1 ? headDim : heads * headDim }

  /// Rows whose scores are held at a time, in equal parts: of ``MatrixProduct`` at most 256 queries
  /// of one head, or 128 where rows are of all heads, so that there are parts for more threads.
  private func blockRows(of queries: Int) -> Int {
    let rows = queries * rowsPerQuery
    let limit = path != nil ? AttentionProducts.queriesAtOnce : rowsPerQuery == 1 ? 256 : 128
    let parts = (rows + limit - 1) / limit
    return (rows + parts - 1) / parts
  }

  /// The head of keys and values that serves a head of queries.
  private func keyHead(of head: Int) -> Int { head / (heads / keyValueHeads) }

  /// Some rows of queries. Rows of all matrices are strided: other heads may lie between.
  private func attend(
    query: Span<Float>, key: Span<Float>, value: Span<Float>, rows: Int, keys: Int,
    weigh: (inout MutableSpan<Float>) -> Void, into result: inout MutableSpan<Float>
  ) {
    let keyWidth = keyValueHeads * headDim
    var scores = [Float](repeating: 0, count: rows * keys)
    var span = scores.mutableSpan
    MatrixProduct.timesTransposed(
      query, stride: rowStride, key, stride: keyWidth, m: rows, n: keys, k: headDim,
      into: &span, stride: keys)
    weigh(&span)
    MatrixProduct.times(
      scores.span, stride: keys, value, stride: keyWidth, m: rows, n: headDim, k: keys,
      into: &result, stride: rowStride)
  }
}
