import DVLATensorMath

/// Who sees whom in the attention that VLM, depth and action tokens share.
///
/// Each row is a token that looks, each column one that is looked at:
///
///                vlm   depth   state   actions
///     vlm         x      .       .        .
///     depth       .      x       .        .
///     state       x      x       x        .
///     actions     x      x       x        x
///
/// Tokens see in both directions inside their kind, and nobody sees tokens of padding or of a
/// missing camera. As VLM and depth tokens see their own kind alone, their keys and values do not
/// depend on the actions and can be kept for all steps. Without the depth expert its row and column
/// are absent, which leaves the mask of pi0.
///
/// ``full(length:)`` is the ablation: every row sees every column.
///
/// Source: paper arXiv 2510.13375; openpi `models_pytorch/pi0_pytorch.py`, `make_att_2d_masks`.
struct BlockMask {
  /// Which VLM tokens there are.
  private let vlmTokens: BatchFlags
  /// Which depth tokens there are; nil without the depth expert.
  private let depthTokens: BatchFlags?

  init(vlm: BatchFlags, depth: BatchFlags?) {
    vlmTokens = vlm
    depthTokens = depth
  }

  /// The row of VLM tokens, over keys of the VLM.
  var vlm: AttentionMask { .keys(vlmTokens.flags) }

  /// The row of depth tokens, over keys of the depth expert; nil without one.
  var depth: AttentionMask? { depthTokens.map { .keys($0.flags) } }

  /// The rows of the state and of the actions, over the keys of all.
  ///
  /// VLM and depth tokens are block 0, the state is block 1, actions are block 2: a token sees the
  /// blocks up to its own.
  ///
  /// - Parameter length: how many tokens the state, which is the first, and the actions have.
  func suffix(length: Int) -> AttentionMask {
    let blocks = (0..<length).map { $0 == 0 ? 1 : 2 }
    let seen = vlmTokens.length + (depthTokens?.length ?? 0)
    return .blocks(
      keys: allTokens(suffix: length).flags,
      ofKeys: [Int](repeating: 0, count: seen) + blocks, ofQueries: blocks)
  }

  /// All rows without blocks, over the keys of all.
  ///
  /// - Parameter length: how many tokens the state and the actions have.
  func full(length: Int) -> AttentionMask { .keys(allTokens(suffix: length).flags) }

  /// VLM, depth, state and action tokens, in the order of their keys.
  private func allTokens(suffix length: Int) -> BatchFlags {
    let suffix = BatchFlags(repeating: true, batch: vlmTokens.batch, length: length)
    return BatchFlags.joined([vlmTokens] + (depthTokens.map { [$0] } ?? []) + [suffix])
  }
}
