import DVLADiagnostics
import DVLAMessagePack
import Testing

/// Messages are written out by the specification of msgpack; those that Python's msgpack writes are
/// in the tests of NumPyMessages.
struct MessagePackTests {
  static func error(_ bytes: [UInt8], _ limits: MessageLimits = .default) -> WeightsError? {
    do throws(WeightsError) {
      _ = try MessagePack.decode(bytes, limits: limits)
      return nil
    } catch { return error }
  }

  @Test func valuesKnowWhereTheyAre() throws {
    // {"a": [1, bin "xy"], b"b": "t"}
    let bytes: [UInt8] = [
      0x82, 0xA1, 0x61, 0x92, 0x01, 0xC4, 2, 0x78, 0x79, 0xC4, 1, 0x62, 0xD9, 1, 0x74,
    ]
    let map = try MessagePack.decode(bytes)
    guard case .map(let entries) = map.content, case .list(let list) = entries[0].value.content
    else {
      Issue.record("\(map)")
      return
    }
    #expect(map.offset == 0)
    #expect(entries.map(\.key) == [.text("a"), .bytes([0x62])])
    #expect(entries.map(\.value.offset) == [3, 12])
    #expect(list.map(\.offset) == [4, 5])
    #expect(list.map(\.content) == [.integer(1), .bytes(7..<9)])
    #expect(entries[1].value.content == .text("t"))
  }

  @Test func emptyTextAndBytesAreTaken() throws {
    let forms: [[UInt8]] = [[0xA0], [0xD9, 0], [0xDA, 0, 0], [0xDB, 0, 0, 0, 0]]
    for form in forms {
      #expect(try MessagePack.decode(form).content == .text(""))
      #expect(Self.error(form + [0])?.code == .messageTrailing)
    }
    for form: [UInt8] in [[0xC4, 0], [0xC5, 0, 0], [0xC6, 0, 0, 0, 0]] {
      #expect(try MessagePack.decode(form).content == .bytes(form.count..<form.count))
    }
  }

  @Test func textAndBytesAreDifferentKeys() throws {
    let bytes: [UInt8] = [0x82, 0xA1, 0x61, 0xC0, 0xC4, 1, 0x61, 0xC0]
    #expect(try MessagePack.decode(bytes).content != .null)
    let equal: [UInt8] = [0x82, 0xC4, 1, 0x61, 0xC0, 0xC5, 0, 1, 0x61, 0xC0]
    #expect(Self.error(equal)?.code == .messageDuplicateKey)
  }

  @Test(arguments: [2, 8, 9, 10, 200])
  func anEqualKeyIsFoundInMapsOfEverySize(count: Int) {
    for repeated in [0, (count - 1) / 2, count - 2] {
      var bytes: [UInt8] = [0xDE, 0, UInt8(count)]
      for index in 0..<count {
        let key = index == count - 1 ? repeated : index
        bytes += [0xA2, UInt8(0x21 + key / 64), UInt8(0x21 + key % 64), 0xC0]
      }
      #expect(Self.error(bytes)?.code == .messageDuplicateKey)
      bytes[bytes.count - 2] = 0x7E
      #expect(Self.error(bytes) == nil)
    }
  }

  @Test func errorsSayWhere() {
    // {"images": {"cam": [nil, "?"]}}, the last text no UTF-8.
    let bytes: [UInt8] =
      [0x81, 0xA6] + Array("images".utf8) + [0x81, 0xA3] + Array("cam".utf8) + [
        0x92, 0xC0, 0xA1, 0xFF,
      ]
    #expect(
      Self.error(bytes)?.message
        == "images.cam[1], byte 15: expected text in UTF-8, found other bytes")
    #expect(Self.error([])?.message == "byte 0: expected a value, found the end of the message")
    #expect(
      Self.error([0x91, 0xCD, 1])?.message
        == "[0], byte 1: expected a whole value, found the end of the message")
    #expect(
      Self.error([0x81, 0xA1, 0x61, 0xC1])?.message
        == "a, byte 3: expected a value, found the byte 0xc1")
    #expect(
      Self.error([0xC0, 0xC0, 0xC0])?.message
        == "byte 1: expected the end, found a message of 3 bytes")
  }

  @Test func aLongPathIsCut() throws {
    var bytes: [UInt8] = []
    for _ in 0..<16 { bytes += [0x81, 0xDA, 0xFF, 0xFF] + [UInt8](repeating: 0x61, count: 65535) }
    let error = try #require(Self.error(bytes + [0xC1]))
    #expect(error.code == .messageFormat)
    #expect(error.description.utf8.count < 1000)
  }
}
