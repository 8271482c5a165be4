import DVLADiagnostics
import DVLAJSON

/// Which piece each id of a `tokenizer.json` is, and what for.
struct PieceNames {
  private(set) var texts: [String?]
  /// `control` for special tokens, and `normal` for all that have no other use.
  private(set) var kinds: [Vocabulary.Kind]
  let spellsBytes: Bool

  init(_ file: TokenizerJSON) throws(WeightsError) {
    var count = 0
    for (text, value) in file.vocabulary.members {
      guard let id = value.integer, id >= 0 else {
        throw Self.malformed("the piece \(text.quoted) has no id that is an integer from 0")
      }
      try Vocabulary.checkPieceCount(id)
      try Vocabulary.checkLength(of: text, "piece \(id)")
      count = max(count, id + 1)
    }
    for token in file.addedTokens {
      try Vocabulary.checkPieceCount(token.id)
      try Vocabulary.checkLength(of: token.text, "the added token \(token.id)")
      count = max(count, token.id + 1)
    }
    let bytes = try Self.bytePieces(file)
    spellsBytes = !bytes.isEmpty
    texts = Array(repeating: nil, count: count)
    kinds = Array(repeating: .normal, count: count)
    for (byte, id) in bytes.enumerated() {
      guard texts[id] == nil else { throw Self.malformed("two bytes have the id \(id)") }
      texts[id] = Self.name(ofByte: UInt8(byte))
      kinds[id] = .byte
    }
    for (text, value) in file.vocabulary.members {
      guard let id = value.integer else { continue }
      if let other = texts[id] {
        // The Gemma converter calls the byte 9 by its character, for the merges of tabs.
        let isByte =
          kinds[id] == .byte
          && (text.utf8.elementsEqual(other.utf8)
            || text.utf8.count == 1 && bytes[Int(text.utf8.first ?? 0)] == id)
        guard isByte else {
          throw Self.malformed(
            "the pieces \(other.quoted) and \(text.quoted) have the same id, \(id)")
        }
      } else {
        texts[id] = text
      }
    }
    try Vocabulary.checkLength(of: file.unknownPiece, "the unknown piece")
    guard let unknown = file.vocabulary[file.unknownPiece]?.integer else {
      throw Self.malformed(
        "the unknown piece \(file.unknownPiece.quoted) is not in the vocabulary")
    }
    try take(file.addedTokens, of: file.vocabulary)
    try Self.checkMarker(file.unknownPiece, "an unknown piece")
    kinds[unknown] = .unknown
  }

  private mutating func take(
    _ tokens: [TokenizerJSON.AddedToken], of vocabulary: JSONObject
  ) throws(WeightsError) {
    var seen = Set<Int>()
    var found = (normalized: [String](), raw: [String]())
    for token in tokens {
      let isFree = vocabulary[token.text] == nil && texts[token.id] == nil
      guard vocabulary[token.text]?.integer == token.id || isFree, seen.insert(token.id).inserted
      else {
        throw Self.malformed(
          "the added token \(token.text.quoted) has the id \(token.id) of another piece")
      }
      texts[token.id] = token.text
      if token.isSpecial {
        try Self.checkMarker(token.text, "special tokens")
        kinds[token.id] = .control
      } else if token.isNormalized || !token.text.unicodeScalars.contains("▁") {
        kinds[token.id] = .userDefined
        let text = String(
          String.UnicodeScalarView(token.text.unicodeScalars.map { $0 == " " ? "▁" : $0 }))
        texts[token.id] = text
        if token.isNormalized { found.normalized.append(text) } else { found.raw.append(text) }
      }
      // Any other is searched for before spaces become "▁", so it is never found in a text, but
      // merges may still make it.
    }
    try AddedTokenOrder.check(first: found.raw, then: found.normalized)
  }

  /// A marker with a "▁" cannot be looked for, because texts have spaces in its place.
  private static func checkMarker(_ text: String, _ name: String) throws(WeightsError) {
    guard !text.unicodeScalars.contains("▁") else {
      throw WeightsError(
        .tokenizerUnsupported, "expected \(name) without the character U+2581, found \(text.quoted)"
      )
    }
  }

  /// The ids of the 256 bytes, or none.
  private static func bytePieces(_ file: TokenizerJSON) throws(WeightsError) -> [Int] {
    guard file.fallsBackToBytes else { return [] }
    let bytes = UInt8.min...UInt8.max
    guard bytes.contains(where: { file.vocabulary[name(ofByte: $0)] != nil }) else { return [] }
    return try bytes.map { (byte) throws(WeightsError) in
      if let id = file.vocabulary[name(ofByte: byte)]?.integer { return id }
      if byte < 0x80, let id = file.vocabulary[String(UnicodeScalar(byte))]?.integer { return id }
      throw WeightsError(
        .tokenizerUnsupported,
        "expected a piece for each of 256 bytes, or for none, found no \(name(ofByte: byte))")
    }
  }

  static func name(ofByte byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x" + (digits.utf8.count == 1 ? "0" : "") + digits + ">"
  }

  static func malformed(_ problem: String) -> WeightsError {
    WeightsError(.tokenizerMalformed, problem)
  }
}
