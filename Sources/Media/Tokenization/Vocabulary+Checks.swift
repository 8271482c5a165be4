import DVLADiagnostics

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

  static func checkLength(
    of text: String, _ name: @autoclosure () -> String
  ) throws(WeightsError) {
    guard text.utf8.count <= longestPiece else {
      throw WeightsError(
        .tokenizerMalformed,
        "\(name()) has \(text.utf8.count) bytes, expected at most \(longestPiece)")
    }
  }

  /// Checks what the library takes on trust, and what its versions do not do alike.
  func check() throws(WeightsError) {
    for (id, piece) in pieces.enumerated() {
      try Self.checkLength(of: piece.text, "piece \(id)")
      // Older versions give its id, newer ones the unknown piece or bytes.
      guard piece.kind != .unused || !piece.text.isOneScalar else {
        throw Self.unsupported(
          "no unused piece of one character", "piece \(id), \(piece.text.quoted)")
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
    try checkUniqueness()
  }

  /// Older versions of the library let a piece have the text of a control piece or of a byte.
  private func checkUniqueness() throws(WeightsError) {
    // Swift compares strings by what they look like, SentencePiece by their bytes.
    var ids: [[UInt8]: Int] = [:]
    ids.reserveCapacity(pieces.count)
    for (id, piece) in pieces.enumerated() {
      if let other = ids.updateValue(id, forKey: Array(piece.text.utf8)) {
        throw WeightsError(
          .tokenizerMalformed, "the pieces \(other) and \(id) are both \(piece.text.quoted)")
      }
    }
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
