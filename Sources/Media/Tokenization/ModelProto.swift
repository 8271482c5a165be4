import DVLADiagnostics
import DVLATensors

/// Field numbers and values of `sentencepiece_model.proto`.
enum ModelProto {
  static let pieces = 1
  static let trainer = 2
  static let normalizer = 3
  static let selfTest = 4
  static let denormalizer = 5

  static let pieceText = 1
  static let pieceScore = 2
  static let pieceType = 3

  static let modelType = 3
  static let treatWhitespaceAsSuffix = 24
  static let byteFallback = 35
  static let bosPiece = 46

  static let normalizerName = 1
  static let precompiledCharsmap = 2
  static let addDummyPrefix = 3
  static let removeExtraWhitespaces = 4
  static let escapeWhitespaces = 5
  static let normalizationRules = 6

  /// `TrainerSpec.ModelType`, by number.
  static let modelTypes: [UInt64: String] = [1: "unigram", 2: "BPE", 3: "word", 4: "character"]
  static let bpe: UInt64 = 2
}

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
        throw WireReader.malformed("has an unexpected field \(field)")
      }
    }
    guard !pieces.isEmpty else { throw WireReader.malformed("has no pieces") }
    guard let trainer else { throw WireReader.malformed("does not state its model type") }
    guard hasNormalizer else { throw WireReader.malformed("has no normalizer") }
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
      "not a tokenizer like PaliGemma's: expected \(expected), found \(found)")
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

/// Writes a vocabulary as the `ModelProto` that the SentencePiece library loads
/// (`sentencepiece_model.proto`; protobuf wire format). The text is left as it is but for spaces,
/// which become `▁`.
enum ModelProtoWriter {
  static func bytes(of vocabulary: Vocabulary) -> [UInt8] {
    var model: [UInt8] = []
    for piece in vocabulary.pieces {
      let text = piece.text.utf8
      var message: [UInt8] = []
      message.reserveCapacity(text.count + 12)
      message.append(field: ModelProto.pieceText, bytes: text)
      message.append(field: ModelProto.pieceScore, float: piece.score)
      message.append(field: ModelProto.pieceType, varint: UInt64(piece.kind.rawValue))
      model.append(field: ModelProto.pieces, bytes: message)
    }
    var trainer: [UInt8] = []
    trainer.append(field: ModelProto.modelType, varint: ModelProto.bpe)
    trainer.append(field: ModelProto.byteFallback, varint: vocabulary.spellsBytes ? 1 : 0)
    model.append(field: ModelProto.trainer, bytes: trainer)
    var normalizer: [UInt8] = []
    normalizer.append(field: ModelProto.addDummyPrefix, varint: 0)
    normalizer.append(field: ModelProto.removeExtraWhitespaces, varint: 0)
    normalizer.append(field: ModelProto.escapeWhitespaces, varint: 1)
    model.append(field: ModelProto.normalizer, bytes: normalizer)
    return model
  }
}

extension [UInt8] {
  fileprivate mutating func append(varint value: UInt64) {
    var rest = value
    while rest > 0x7f {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  private mutating func append(field: Int, _ type: WireReader.WireType) {
    append(varint: UInt64(field << 3 | type.rawValue))
  }

  fileprivate mutating func append(field: Int, varint value: UInt64) {
    append(field: field, .varint)
    append(varint: value)
  }

  fileprivate mutating func append(field: Int, float value: Float) {
    append(field: field, .fixed32)
    append(value, .littleEndian)
  }

  fileprivate mutating func append(field: Int, bytes: some Collection<UInt8>) {
    append(field: field, .bytes)
    append(varint: UInt64(bytes.count))
    append(contentsOf: bytes)
  }
}
