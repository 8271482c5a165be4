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
    for shift in stride(from: 0, to: 32, by: 8) {
      append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
    }
  }

  fileprivate mutating func append(field: Int, bytes: some Collection<UInt8>) {
    append(field: field, .bytes)
    append(varint: UInt64(bytes.count))
    append(contentsOf: bytes)
  }
}
