import DVLACMessagePack
import DVLADiagnostics

/// Takes what msgpack-cxx finds, one thing after the other, and makes a value of it as long as it
/// keeps the rules.
///
/// The gate counts by itself where each value begins, from the first byte of the one before, and
/// holds that against what the library says. Nothing is allocated by a count that the rest of the
/// message cannot justify.
///
/// Unsafe code: the buffer is readable and unchanged for the life of the gate, which exists only
/// inside the call of ``MessagePack/decode(_:limits:)``. Every read is checked against its count.
@safe struct MessageGate {
  /// A list or map whose end has not come.
  private struct Open {
    let offset: Int
    let isMap: Bool
    var elements: [MessagePackValue] = []
    var entries: [MessagePackValue.Entry] = []
    /// The key whose value comes next.
    var key: MessagePackKey?
    var keys: Set<MessagePackKey> = []
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private let limits: MessageLimits
  /// Where the next value begins.
  private var position = 0
  private var open: [Open] = []
  /// The least bytes that the values take which open lists and maps still have to come.
  private var owed = 0
  private var entryCount = 0
  private var root: MessagePackValue?
  private var refusal: WeightsError?

  /// Up to here, comparing each pair of keys is faster than hashing.
  private static let pairwiseCount = 8

  init(_ bytes: UnsafeBufferPointer<UInt8>, _ limits: MessageLimits) {
    unsafe self.bytes = bytes
    self.limits = limits
  }

  /// Whether the message may go on.
  mutating func takes(_ event: MessageEvent) -> Bool {
    do throws(WeightsError) {
      try take(event)
      return true
    } catch {
      refusal = error
      return false
    }
  }

  private var byteCount: Int { unsafe bytes.count }

  private mutating func take(_ event: MessageEvent) throws(WeightsError) {
    if case .end = event { return try close() }
    let start = position
    guard start < byteCount, root == nil else { throw disagreement() }
    position += Self.headByteCount(unsafe bytes[start])
    if !open.isEmpty { owed -= 1 }
    if let last = open.last, last.isMap, last.key == nil { return try takeKey(event, at: start) }
    switch event {
    case .null: place(.null, at: start)
    case .bool(let value): place(.bool(value), at: start)
    case .integer(let value): place(.integer(value), at: start)
    case .unsigned(let value): place(.unsigned(value), at: start)
    case .number(let value): place(.number(value), at: start)
    case .text(let offset, let count):
      try place(.text(text(offset, count, at: start)), at: start)
    case .bytes(let offset, let count):
      try place(.bytes(content(offset, count)), at: start)
    case .list(let count): try begin(isMap: false, count, at: start)
    case .map(let count): try begin(isMap: true, count, at: start)
    case .extended, .end:
      throw failure(
        .messageExtension, at: start,
        "expected one of the types of msgpack itself, found an extension type")
    }
  }

  private mutating func takeKey(_ event: MessageEvent, at start: Int) throws(WeightsError) {
    let key: MessagePackKey
    switch event {
    case .text(let offset, let count): key = try .text(text(offset, count, at: start))
    case .bytes(let offset, let count):
      guard count <= limits.maximumTextByteCount else { throw tooLong(count, at: start) }
      let range = try content(offset, count)
      key = unsafe .bytes(Array(bytes[range]))
    default:
      throw failure(.messageKey, at: start, "expected a key of text or bytes, found \(event.words)")
    }
    guard isNew(key) else {
      throw failure(
        .messageDuplicateKey, at: start,
        "expected each key once, found \(key.description.quoted) again")
    }
    open[open.count - 1].key = key
  }

  /// Whether the innermost map does not have the key yet.
  private mutating func isNew(_ key: MessagePackKey) -> Bool {
    let last = open.count - 1
    let count = open[last].entries.count
    if count < Self.pairwiseCount { return !open[last].entries.contains { $0.key == key } }
    if count == Self.pairwiseCount { open[last].keys = Set(open[last].entries.map(\.key)) }
    return open[last].keys.insert(key).inserted
  }

  private mutating func begin(
    isMap: Bool, _ count: Int, at start: Int
  ) throws(WeightsError) {
    let words = isMap ? "map" : "list"
    let left = byteCount - position
    let least = isMap ? 2 * count : count
    guard owed + least <= left else {
      throw failure(
        .messageCount, at: start,
        "expected at most \(max((left - owed) / (isMap ? 2 : 1), 0)) entries of a \(words) in the bytes that "
          + "are left, found \(count)")
    }
    guard open.count < limits.maximumDepth else {
      throw failure(
        .messageDepth, at: start,
        "expected at most \(limits.maximumDepth) lists and maps inside each other, found more")
    }
    guard count <= limits.maximumEntryCount else {
      throw failure(
        .messageTooManyEntries, at: start,
        "expected at most \(limits.maximumEntryCount) entries of a \(words), found \(count)")
    }
    entryCount += count
    guard entryCount <= limits.maximumTotalEntryCount else {
      throw failure(
        .messageTooManyEntries, at: start,
        "expected at most \(limits.maximumTotalEntryCount) entries in all, found more")
    }
    owed += least
    var opened = Open(offset: start, isMap: isMap)
    if isMap {
      opened.entries.reserveCapacity(count)
    } else {
      opened.elements.reserveCapacity(count)
    }
    open.append(opened)
  }

  private mutating func close() throws(WeightsError) {
    guard let last = open.popLast(), last.key == nil else { throw disagreement() }
    place(last.isMap ? .map(last.entries) : .list(last.elements), at: last.offset)
  }

  private mutating func place(_ content: MessagePackValue.Content, at start: Int) {
    let value = MessagePackValue(offset: start, content: content)
    let last = open.count - 1
    guard last >= 0 else {
      root = value
      return
    }
    guard open[last].isMap else {
      open[last].elements.append(value)
      return
    }
    guard let key = open[last].key else { return }
    open[last].entries.append(MessagePackValue.Entry(key: key, value: value))
    open[last].key = nil
  }

  /// Steps over the content of a text or of bytes.
  private mutating func content(_ offset: Int, _ count: Int) throws(WeightsError) -> Range<Int> {
    let start = position
    guard count <= byteCount - start, count == 0 || offset == start else { throw disagreement() }
    position = start + count
    return start..<position
  }

  private mutating func text(
    _ offset: Int, _ count: Int, at start: Int
  ) throws(WeightsError) -> String {
    guard count <= limits.maximumTextByteCount else { throw tooLong(count, at: start) }
    let range = try content(offset, count)
    guard let text = unsafe String(validating: bytes[range], as: UTF8.self) else {
      throw failure(
        .messageUTF8, at: start, "expected text in UTF-8, found other bytes")
    }
    return text
  }

  private func tooLong(_ count: Int, at start: Int) -> WeightsError {
    failure(
      .messageTextTooLong, at: start,
      "expected a text or key of at most \(limits.maximumTextByteCount) bytes, found \(count)")
  }
}

extension MessageGate {
  /// The value that was made, once the parser has returned.
  ///
  /// - Parameter end: where the parser stopped.
  func value(
    after result: message_pack_result, at end: Int, _ failure: message_pack_failure
  ) throws(WeightsError) -> MessagePackValue {
    if let refusal { throw refusal }
    switch result {
    case message_pack_complete: break
    case message_pack_incomplete: throw truncated()
    case message_pack_malformed: throw malformed()
    case message_pack_failed:
      throw WeightsError(
        .messageFailed, .unavailable, "msgpack cannot read the message: \(failure.words)")
    default: throw disagreement()
    }
    guard let root, end == position else { throw disagreement() }
    guard end == byteCount else {
      throw self.failure(
        .messageTrailing, at: end, "expected the end, found a message of \(byteCount) bytes")
    }
    return root
  }

  private func truncated() -> WeightsError {
    failure(
      .messageTruncated, at: position,
      "expected a \(position < byteCount ? "whole " : "")value, found the end of the message")
  }

  private func malformed() -> WeightsError {
    guard position < byteCount else { return disagreement() }
    let byte = unsafe bytes[position]
    return failure(
      .messageFormat, at: position, "expected a value, found the byte 0x" + String(byte, radix: 16))
  }

  private func disagreement() -> WeightsError {
    failure(.messageDisagreement, at: position, "msgpack-cxx found another value than is there")
  }

  private func failure(
    _ code: WeightsError.Code, at offset: Int, _ message: String
  ) -> WeightsError {
    var path = MessagePath()
    for level in open {
      if level.isMap {
        if let key = level.key { path.append(key: key.description) }
      } else {
        path.append(index: level.elements.count)
      }
    }
    return WeightsError(code, "\(path.place(offset)): \(message)")
  }

  /// The bytes that a value has before its content.
  private static func headByteCount(_ first: UInt8) -> Int {
    switch first {
    case 0xC4, 0xCC, 0xD0, 0xD9: 2
    case 0xC5, 0xCD, 0xD1, 0xDA, 0xDC, 0xDE: 3
    case 0xC6, 0xCA, 0xCE, 0xD2, 0xDB, 0xDD, 0xDF: 5
    case 0xCB, 0xCF, 0xD3: 9
    default: 1
    }
  }
}
