/// Which keys each query of attention sees.
public enum AttentionMask: Sendable {
  /// Every query sees every key.
  case all
  /// B T flags: a key is seen by every query of its sample, or by none.
  case keys([Bool])
  /// B S T flags: which keys each query sees.
  case pairs([Bool])

  func check(batch: Int, queries: Int, keys: Int) {
    switch self {
    case .all: break
    case .keys(let flags): precondition(flags.count == batch * keys, "a flag for each key")
    case .pairs(let flags):
      precondition(flags.count == batch * queries * keys, "a flag for each query and key")
    }
  }

  /// Sets the scores of what is not seen to -infinity.
  ///
  /// - Parameters:
  ///   - scores: [rows.count, keys] of one head.
  ///   - rows: which of the sample's `count` queries these are.
  func hide(
    _ scores: inout MutableSpan<Float>, sample: Int, queries rows: Range<Int>, of count: Int,
    keys: Int
  ) {
    switch self {
    case .all: break
    case .keys(let flags):
      for key in 0..<keys where !flags[sample * keys + key] {
        for row in 0..<rows.count { scores[row * keys + key] = -.infinity }
      }
    case .pairs(let flags):
      let start = (sample * count + rows.lowerBound) * keys
      for index in 0..<rows.count * keys where !flags[start + index] {
        scores[index] = -.infinity
      }
    }
  }
}
