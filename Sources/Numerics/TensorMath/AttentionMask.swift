/// Which keys each query of attention may see.
public enum AttentionMask: Sendable {
  /// Every query sees every key.
  case all
  /// B T flags: a key is seen by every query of its sample, or by none.
  case keys([Bool])
  /// A query sees the keys that `keys` flags and whose block, a number for each of the T, is not
  /// above its own, a number for each of the S queries.
  ///
  /// Source: openpi `models_pytorch/pi0_pytorch.py`, `make_att_2d_masks`, whose blocks are sums of
  /// flags.
  case blocks(keys: [Bool], ofKeys: [Int], ofQueries: [Int])

  func check(batch: Int, queries: Int, keys: Int) {
    switch self {
    case .all: break
    case .keys(let flags): precondition(flags.count == batch * keys, "a flag for each key")
    case .blocks(let flags, let ofKeys, let ofQueries):
      precondition(flags.count == batch * keys, "a flag for each key")
      precondition(ofKeys.count == keys && ofQueries.count == queries, "a block for each token")
    }
  }

  /// Sets the scores of what is not seen to -infinity.
  ///
  /// - Parameters:
  ///   - scores: [rows.count, keys].
  ///   - rows: which of the sample's rows these are; each query has `rowsPerQuery` in a row.
  func hide(
    _ scores: inout MutableSpan<Float>, sample: Int, rows: Range<Int>, rowsPerQuery: Int, keys: Int
  ) {
    switch self {
    case .all: break
    case .keys(let flags):
      for key in 0..<keys where !flags[sample * keys + key] {
        for row in 0..<rows.count { scores[row * keys + key] = -.infinity }
      }
    case .blocks(let flags, let ofKeys, let ofQueries):
      let present = flags.span.extracting(sample * keys..<(sample + 1) * keys)
      for (row, index) in rows.enumerated() {
        let block = ofQueries[index / rowsPerQuery]
        for key in 0..<keys where !present[key] || ofKeys[key] > block {
          scores[row * keys + key] = -.infinity
        }
      }
    }
  }
}
