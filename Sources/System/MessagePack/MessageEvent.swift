import DVLACMessagePack

/// What msgpack-cxx found at a place of the message.
enum MessageEvent {
  case null
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case number(Double)
  /// Where the content is is of no meaning if it is empty.
  case text(at: Int, count: Int)
  case bytes(at: Int, count: Int)
  case list(count: Int)
  case map(count: Int)
  case extended
  case end

  init(_ event: message_pack_event) {
    let count = Int(event.count)
    let offset = Int(event.offset)
    switch event.kind {
    case message_pack_nil: self = .null
    case message_pack_boolean: self = .bool(event.unsigned_value != 0)
    case message_pack_unsigned:
      self =
        Int64(exactly: event.unsigned_value).map { .integer($0) } ?? .unsigned(event.unsigned_value)
    case message_pack_signed: self = .integer(event.signed_value)
    case message_pack_number: self = .number(event.number)
    case message_pack_text: self = .text(at: offset, count: count)
    case message_pack_bytes: self = .bytes(at: offset, count: count)
    case message_pack_list: self = .list(count: count)
    case message_pack_map: self = .map(count: count)
    case message_pack_end: self = .end
    // And any kind that the shim does not have.
    default: self = .extended
    }
  }

  /// What it is, for the "found" half of a message.
  var words: String {
    switch self {
    case .null: "nil"
    case .bool: "a boolean"
    case .integer, .unsigned: "an integer"
    case .number: "a number"
    case .text: "text"
    case .bytes: "bytes"
    case .list: "a list"
    case .map: "a map"
    case .extended: "an extension type"
    case .end: "the end of a list or map"
    }
  }
}
