import DVLADiagnostics
import DVLAJSON

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
