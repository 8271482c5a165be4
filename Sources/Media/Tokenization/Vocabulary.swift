import DVLADiagnostics
import DVLAJSON

/// The pieces of a BPE tokenizer in the order of their ids, from either kind of file.
struct Vocabulary {
  /// What a piece is for; the raw values are those of `sentencepiece_model.proto`.
  enum Kind: Int {
    /// Made from characters by merging.
    case normal = 1
    /// Stands for characters that are no piece.
    case unknown = 2
    /// Never made from text.
    case control = 3
    /// Found in the text before anything is merged, and never merged itself.
    case userDefined = 4
    /// Merged, then taken apart again.
    case unused = 5
    /// One byte of a character that is no piece.
    case byte = 6
  }

  struct Piece {
    var text: String
    /// The merge that makes the piece with the highest score comes next; among equals, the
    /// leftmost.
    var score: Float
    var kind: Kind
  }

  var pieces: [Piece]
  /// Whether characters that are no piece are spelled in bytes; else they are the unknown piece.
  var spellsBytes: Bool
  var beginningOfSequence: Int?
  /// What a text must not spell.
  var markers: [String]
}

extension Vocabulary {
  /// Reads a `tokenizer.json`, and makes of it what SentencePiece encodes in the same way.
  init(tokenizerJSON bytes: [UInt8]) throws(WeightsError) {
    let file = try TokenizerJSON(bytes)
    let names = try PieceNames(file)
    let scores = try MergeScores(file, names)
    pieces = try names.kinds.indices.map { (id) throws(WeightsError) in
      guard let text = names.texts[id] else {
        throw WeightsError(
          .tokenizerUnsupported, "expected a piece for every id, found none for \(id)")
      }
      // What nothing merges into is never made from text, and must not be.
      let isMade = names.kinds[id] != .normal || text.isOneScalar || scores.isMade[id]
      return Piece(
        text: text, score: scores.scores[id], kind: isMade ? names.kinds[id] : .control)
    }
    spellsBytes = names.spellsBytes
    beginningOfSequence = file.addedTokens.first { $0.isSpecial && $0.text == "<bos>" }?.id
    markers =
      [file.unknownPiece]
      + file.addedTokens.filter { $0.isSpecial && $0.text != file.unknownPiece }.map(\.text)
    try check()
  }
}

extension String {
  var isOneScalar: Bool {
    guard let first = unicodeScalars.first else { return false }
    return utf8.count == UTF8.width(first)
  }
}

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

  /// Checks what the library does not check, and what its versions do differently.
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
          "the piece \(text.quoted) has more than \(Self.deepestNesting - 1) other pieces as "
            + "prefixes")
      }
    }
  }
}
