import DVLACMessagePack

/// Writes msgpack, each value in the fewest bytes that hold it, as the packers of other languages
/// do: numbers as float 64, never as integers.
public struct MessagePackWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func reserve(_ byteCount: Int) { bytes.reserveCapacity(byteCount) }

  public mutating func appendNull() {
    unsafe append { head in unsafe message_pack_head_nil(head) }
  }

  public mutating func append(_ value: Bool) {
    unsafe append { head in unsafe message_pack_head_boolean(head, value) }
  }

  public mutating func append(_ value: Int64) {
    unsafe append { head in unsafe message_pack_head_signed(head, value) }
  }

  public mutating func append(_ value: UInt64) {
    unsafe append { head in unsafe message_pack_head_unsigned(head, value) }
  }

  public mutating func append(_ value: Double) {
    unsafe append { head in unsafe message_pack_head_number(head, value) }
  }

  /// - Precondition: fewer than 2^32 bytes, as also for bytes, and as few elements or pairs of a
  ///   list or map.
  public mutating func append(_ text: String) {
    let count = UInt32(text.utf8.count)
    unsafe append { head in unsafe message_pack_head_text(head, count) }
    bytes.append(contentsOf: text.utf8)
  }

  public mutating func append(_ content: [UInt8]) {
    let count = UInt32(content.count)
    unsafe append { head in unsafe message_pack_head_bytes(head, count) }
    bytes.append(contentsOf: content)
  }

  /// Begins a list, of which as many values follow.
  public mutating func beginList(count: Int) {
    unsafe append { head in unsafe message_pack_head_list(head, UInt32(count)) }
  }

  /// Begins a map, of which as many pairs of key and value follow.
  public mutating func beginMap(count: Int) {
    unsafe append { head in unsafe message_pack_head_map(head, UInt32(count)) }
  }

  /// Unsafe code: `write` writes no more bytes than the buffer has, by its contract.
  private mutating func append(_ write: (UnsafeMutablePointer<UInt8>?) -> Int) {
    let limit = Int(MESSAGE_PACK_HEAD_LIMIT)
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: limit) { head in
      let count = unsafe write(head.baseAddress)
      unsafe bytes.append(contentsOf: head[..<count])
    }
  }
}
