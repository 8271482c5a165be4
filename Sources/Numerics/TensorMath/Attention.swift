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
    let blocks = (queries + Self.blockRows - 1) / Self.blockRows
    result.values.withShared { shared in
      compute.run(items: batch * heads * blocks) { item in
        let (sample, head, block) = (item / blocks / heads, item / blocks % heads, item % blocks)
        let rows = block * Self.blockRows..<min(queries, (block + 1) * Self.blockRows)
        let start = (sample * queries + rows.lowerBound) * width + head * headDim
        let keyStart = sample * keys * keyWidth + keyOffset(of: head)
        attend(
          query: query.values.span.extracting(start..<query.values.count),
          key: key.values.span.extracting(keyStart..<key.values.count),
          value: value.values.span.extracting(keyStart..<value.values.count),
          rows: rows.count, keys: keys,
          hiding: { mask.hide(&$0, sample: sample, queries: rows, keys: keys) },
          into: shared, at: start)
      }
    }
    return result
  }

  /// Queries whose scores are held at a time.
  private static let blockRows = 256

  private func keyOffset(of head: Int) -> Int { head / (heads / keyValueHeads) * headDim }

  /// Some queries of one head. Rows of all matrices are strided: other heads lie between.
  private func attend(
    query: Span<Float>, key: Span<Float>, value: Span<Float>, rows: Int, keys: Int,
    hiding: (inout MutableSpan<Float>) -> Void, into result: SharedFloats, at offset: Int
  ) {
    let (width, keyWidth) = (heads * headDim, keyValueHeads * headDim)
    var scores = [Float](repeating: 0, count: rows * keys)
    var span = scores.mutableSpan
    MatrixProduct.timesTransposed(
      query, stride: width, key, stride: keyWidth, m: rows, n: keys, k: headDim,
      into: &span, stride: keys)
    hiding(&span)
    RowKernel.softmax(&span, columns: keys, scale: 1 / Float(headDim).squareRoot())
    result.withSpan(offset..<offset + (rows - 1) * width + headDim) {
      MatrixProduct.times(
        scores.span, stride: keys, value, stride: keyWidth, m: rows, n: headDim, k: keys,
        into: &$0, stride: width)
    }
  }
}
