import DVLAKernels
import DVLAMatrixProducts
public import DVLATensors

/// Scaled dot-product attention over heads of equal width.
public struct Attention: Sendable {
  /// Heads of the queries.
  public let heads: Int
  /// Heads of keys and values; each serves `heads / keyValueHeads` query heads in a row.
  public let keyValueHeads: Int
  public let headDim: Int

  /// - Precondition: `keyValueHeads` divides `heads`.
  public init(heads: Int, keyValueHeads: Int, headDim: Int) {
    precondition(keyValueHeads > 0 && heads.isMultiple(of: keyValueHeads), "whole groups of heads")
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headDim = headDim
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
    var result = Tensor(zeros: query.shape)
    guard queries > 0, keys > 0, width > 0 else { return result }
    let (rows, step) = (queries * rowsPerQuery, blockRows(of: queries))
    let (blocks, separateHeads) = ((rows + step - 1) / step, heads / rowsPerQuery)
    result.values.withShared { shared in
      compute.run(items: batch * separateHeads * blocks) { item in
        let (block, head) = (item % blocks, item / blocks % separateHeads)
        let sample = item / blocks / separateHeads
        let range = block * step..<min(rows, (block + 1) * step)
        let start = sample * queries * width + range.lowerBound * rowStride + head * headDim
        let keyStart = sample * keys * keyWidth + keyOffset(of: head)
        attend(
          query: query.values.span.extracting(start..<query.values.count),
          key: key.values.span.extracting(keyStart..<key.values.count),
          value: value.values.span.extracting(keyStart..<value.values.count),
          rows: range.count, keys: keys,
          hiding: {
            mask.hide(
              &$0, sample: sample, rows: range, rowsPerQuery: rowsPerQuery, keys: keys)
          },
          into: shared, at: start)
      }
    }
    return result
  }

  /// Heads that share all keys are rows of one product: a query's lie one after the other, and
  /// longer products take less time for each row.
  private var rowsPerQuery: Int { keyValueHeads == 1 ? heads : 1 }
  private var rowStride: Int { keyValueHeads == 1 ? headDim : heads * headDim }

  /// Rows whose scores are held at a time: equal parts of at most 256 queries of one head, or of
  /// 128 where rows are of all heads, so that there are parts for more threads.
  private func blockRows(of queries: Int) -> Int {
    let (rows, limit) = (queries * rowsPerQuery, rowsPerQuery == 1 ? 256 : 128)
    let parts = (rows + limit - 1) / limit
    return (rows + parts - 1) / parts
  }

  private func keyOffset(of head: Int) -> Int { head / (heads / keyValueHeads) * headDim }

  /// Some rows of queries. Rows of all matrices are strided: other heads may lie between.
  private func attend(
    query: Span<Float>, key: Span<Float>, value: Span<Float>, rows: Int, keys: Int,
    hiding: (inout MutableSpan<Float>) -> Void, into result: SharedFloats, at offset: Int
  ) {
    let keyWidth = keyValueHeads * headDim
    var scores = [Float](repeating: 0, count: rows * keys)
    var span = scores.mutableSpan
    MatrixProduct.timesTransposed(
      query, stride: rowStride, key, stride: keyWidth, m: rows, n: keys, k: headDim,
      into: &span, stride: keys)
    hiding(&span)
    RowKernel.softmax(&span, columns: keys, scale: 1 / Float(headDim).squareRoot())
    result.withSpan(offset..<offset + (rows - 1) * rowStride + headDim) {
      MatrixProduct.times(
        scores.span, stride: keys, value, stride: keyWidth, m: rows, n: headDim, k: keys,
        into: &$0, stride: rowStride)
    }
  }
}
