import DVLADiagnostics

/// Whether it matters that `tokenizers` looks for some added tokens before others.
///
/// It first finds those that are not normalized, then the normalized ones in the rest of the text;
/// SentencePiece finds all in one pass, leftmost first, and of those that begin together the
/// longest. Both find the same if no token of one kind can overlap one of the other in a text.
enum AddedTokenOrder {
  /// What looking for overlaps may cost: the sum of the squared lengths.
  private static let mostWork = 1 << 27

  /// - Throws: `tokenizer.unsupported`.
  static func check(first: [String], then others: [String]) throws(WeightsError) {
    guard !first.isEmpty, !others.isEmpty else { return }
    let work = (first + others).reduce(0) { $0 + $1.utf8.count * $1.utf8.count }
    guard work <= mostWork else {
      throw WeightsError(
        .tokenizerUnsupported,
        "too many or too long added tokens to check: \(first.count + others.count), of which some are "
          + "normalized and some not; give tokenizer.model instead")
    }
    for (one, another) in [(first, others), (others, first)] {
      let tree = PrefixTree(another)
      guard let text = one.first(where: tree.overlaps) else { continue }
      throw WeightsError(
        .tokenizerUnsupported,
        "expected added tokens that are all normalized, or all not, or that cannot overlap in a "
          + "text, found \(text.quoted) among others of the other kind")
    }
  }
}

/// Texts by their bytes from the first.
private struct PrefixTree {
  private var children: [[UInt8: Int]] = [[:]]
  private var isEnd: [Bool] = [false]

  init(_ texts: [String]) {
    for text in texts {
      var node = 0
      for byte in text.utf8 {
        if let next = children[node][byte] {
          node = next
        } else {
          children.append([:])
          isEnd.append(false)
          children[node][byte] = children.count - 1
          node = children.count - 1
        }
      }
      isEnd[node] = true
    }
  }

  /// Whether one of the texts lies in this one, or begins where this one ends.
  func overlaps(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.indices.contains { start in
      var node = 0
      for byte in bytes[start...] {
        guard let next = children[node][byte] else { return false }
        if isEnd[next] { return true }
        node = next
      }
      return true
    }
  }
}
