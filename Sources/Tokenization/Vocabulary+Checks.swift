import Diagnostics

extension Vocabulary {
  /// PaliGemma has 257152.
  private static let mostPieces = 1 << 20
  /// The library recurses once a byte where it builds its table of user-defined pieces.
  private static let longestPiece = 512
  /// What the library has room for where it looks for user-defined pieces in a text.
  private static let deepestNesting = 64

  static func checkPieceCount(_ count: Int) throws(WeightsError) {
    guard count <= mostPieces else {
      throw WeightsError(
        .tokenizerMalformed, "expected at most \(mostPieces) pieces, found more")
    }
  }

  /// Checks what the library takes on trust.
  func check() throws(WeightsError) {
    for (id, piece) in pieces.enumerated() {
      guard piece.text.utf8.count <= Self.longestPiece else {
        throw WeightsError(
          .tokenizerMalformed,
          "piece \(id) has \(piece.text.utf8.count) bytes, expected at most \(Self.longestPiece)")
      }
      guard piece.score.isFinite else {
        throw WeightsError(
          .tokenizerMalformed,
          "piece \(id) has the score \(piece.score), expected a finite number")
      }
    }
    let found = pieces.filter { $0.kind == .userDefined }.map(\.text)
    if let text = found.first(where: { $0.utf8.contains(0) }) {
      throw WeightsError(
        .tokenizerMalformed, "the piece \(text.quoted) has a zero byte, expected none")
    }
    try checkNesting(found)
  }

  /// User-defined pieces that start each other must not be more than the library expects.
  private func checkNesting(_ texts: [String]) throws(WeightsError) {
    var open: [String] = []
    for text in texts.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      while let last = open.last, !text.utf8.starts(with: last.utf8) { open.removeLast() }
      open.append(text)
      guard open.count <= Self.deepestNesting else {
        throw WeightsError(
          .tokenizerMalformed,
          "the piece \(text.quoted) starts with \(open.count - 1) others, expected fewer than "
            + "\(Self.deepestNesting)")
      }
    }
  }
}
