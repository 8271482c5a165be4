import DVLADiagnostics

extension Vocabulary {
  /// Reads a serialised `ModelProto`. How the model was trained and tests itself is passed over,
  /// and so is how ids become text again.
  init(modelProto bytes: [UInt8]) throws(WeightsError) {
    var pieces: [Piece] = []
    var trainer: TrainerFields?
    var hasNormalizer = false
    var reader = WireReader(bytes[...])
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (ModelProto.pieces, .bytes(let message)):
        try Self.checkPieceCount(pieces.count + 1)
        pieces.append(try Piece(message, id: pieces.count))
      case (ModelProto.trainer, .bytes(let message)) where trainer == nil:
        trainer = try TrainerFields(message)
      case (ModelProto.normalizer, .bytes(let message)) where !hasNormalizer:
        hasNormalizer = true
        try Self.checkNormalizer(message)
      case (ModelProto.selfTest, .bytes), (ModelProto.denormalizer, .bytes): break
      default:
        throw WireReader.malformed("has a field \(field) of another kind or count than its format")
      }
    }
    guard !pieces.isEmpty else { throw WireReader.malformed("has no pieces") }
    guard let trainer else { throw WireReader.malformed("does not say of which type it is") }
    guard hasNormalizer else {
      throw WireReader.malformed("does not say what it changes in a text")
    }
    self.pieces = pieces
    spellsBytes = trainer.spellsBytes
    beginningOfSequence = pieces.firstIndex {
      $0.kind == .control && $0.text.utf8.elementsEqual(trainer.bosPiece.utf8)
    }
    markers = pieces.filter { $0.kind == .control || $0.kind == .unknown }.map(\.text)
    try check()
  }

  /// A text must reach the merging as it is, so that what the model says of it cannot be wrong.
  private static func checkNormalizer(_ message: ArraySlice<UInt8>) throws(WeightsError) {
    var name = ""
    var addsPrefix = true
    var removesSpaces = true
    var escapesSpaces = true
    var hasRules = false
    var reader = WireReader(message)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (ModelProto.normalizerName, .bytes(let bytes)):
        name = String(decoding: bytes, as: UTF8.self)
      case (ModelProto.precompiledCharsmap, .bytes(let map)): hasRules = !map.isEmpty
      case (ModelProto.addDummyPrefix, .varint(let value)): addsPrefix = value != 0
      case (ModelProto.removeExtraWhitespaces, .varint(let value)): removesSpaces = value != 0
      case (ModelProto.escapeWhitespaces, .varint(let value)): escapesSpaces = value != 0
      case (ModelProto.normalizationRules, .bytes): break
      default: throw WireReader.malformed("has a normalizer with an unknown field \(field)")
      }
    }
    guard !hasRules else {
      throw unsupported("a model that leaves the text as it is", "the normalizer \(name.quoted)")
    }
    guard !addsPrefix else { throw unsupported("add_dummy_prefix false", "true") }
    guard !removesSpaces else { throw unsupported("remove_extra_whitespaces false", "true") }
    guard escapesSpaces else { throw unsupported("escape_whitespaces true", "false") }
  }

  static func unsupported(_ expected: String, _ found: String) -> WeightsError {
    WeightsError(
      .tokenizerUnsupported,
      "expected a tokenizer as PaliGemma's, with \(expected), found \(found)")
  }
}

/// What of `TrainerSpec` bears on encoding.
private struct TrainerFields {
  var spellsBytes = false
  var bosPiece = "<s>"

  init(_ message: ArraySlice<UInt8>) throws(WeightsError) {
    var type: UInt64 = 1
    var reader = WireReader(message)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (ModelProto.modelType, .varint(let value)): type = value
      case (ModelProto.byteFallback, .varint(let value)): spellsBytes = value != 0
      case (ModelProto.bosPiece, .bytes(let bytes)):
        bosPiece = String(decoding: bytes, as: UTF8.self)
      case (ModelProto.treatWhitespaceAsSuffix, .varint(let value)) where value != 0:
        throw Vocabulary.unsupported("treat_whitespace_as_suffix false", "true")
      case (ModelProto.treatWhitespaceAsSuffix, .varint): break
      case (ModelProto.modelType, _), (ModelProto.byteFallback, _), (ModelProto.bosPiece, _),
        (ModelProto.treatWhitespaceAsSuffix, _):
        throw WireReader.malformed("has a trainer with a field \(field) of another kind")
      default: break
      }
    }
    guard type == ModelProto.bpe else {
      let name = ModelProto.modelTypes[type] ?? "number \(type)"
      throw Vocabulary.unsupported("a model of the type BPE", "the type \(name)")
    }
  }
}

extension Vocabulary.Piece {
  fileprivate init(_ message: ArraySlice<UInt8>, id: Int) throws(WeightsError) {
    text = ""
    score = 0
    kind = .normal
    var reader = WireReader(message)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (ModelProto.pieceText, .bytes(let bytes)):
        guard let string = String(validating: bytes, as: UTF8.self) else {
          throw WireReader.malformed("has a piece \(id) that is not UTF-8")
        }
        text = string
      case (ModelProto.pieceScore, .fixed32(let bits)): score = Float(bitPattern: bits)
      case (ModelProto.pieceType, .varint(let value)):
        guard let kind = Int(exactly: value).flatMap(Vocabulary.Kind.init) else {
          throw WireReader.malformed("has a piece \(id) of the unknown type \(value)")
        }
        self.kind = kind
      default: throw WireReader.malformed("has a piece \(id) with an unknown field \(field)")
      }
    }
  }
}
