import DVLADiagnostics
import DVLAJSON
import DVLAMessagePack
import DVLANumPyMessages
import Testing

struct NumPyMessageTests {
  @Test func readsWhatOpenpiClientPacks() throws {
    let fixtures = try MessageFixture.load("packed.json")
    #expect(fixtures.count > 150)
    for fixture in fixtures {
      let value = try NumPyMessage.decode(fixture.message)
      #expect(try areSame(value, MessageFixture.value(fixture["value"])), "\(fixture): \(value)")
    }
  }

  @Test func writesTheBytesOfOpenpiClient() throws {
    for fixture in try MessageFixture.load("packed.json") {
      let value = try MessageFixture.value(fixture["value"])
      let bytes = NumPyMessage.encode(value)
      if fixture["again"] == true {
        #expect(bytes == fixture.message, "\(fixture)")
      }
      // A scalar comes back as an array without extents, which is the same value.
      #expect(try areSame(NumPyMessage.decode(bytes), value), "\(fixture)")
    }
  }

  @Test func readsWhatOtherProgramsPackAndOpenpiTakes() throws {
    let fixtures = try MessageFixture.load("other.json")
    #expect(fixtures.count > 20)
    for fixture in fixtures {
      let value = try NumPyMessage.decode(fixture.message)
      #expect(try areSame(value, MessageFixture.value(fixture["value"])), "\(fixture): \(value)")
    }
  }

  @Test func refusesWhatIsNoMessageOrNoArray() throws {
    let fixtures = try MessageFixture.load("refused.json")
    #expect(fixtures.count > 100)
    for fixture in fixtures {
      let error = refusal { () throws(WeightsError) in _ = try NumPyMessage.decode(fixture.message)
      }
      #expect(error?.code.rawValue == fixture["code"]?.string, "\(fixture): \(error as Any)")
      guard let error else { continue }
      #expect(error.kind == .malformed)
      #expect(!error.description.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "\(fixture)")
      #expect(error.description.utf8.count < 1000)
    }
  }

  @Test func saysWhere() throws {
    let array: [UInt8] = NumPyMessage.encode(
      .map(["image": .list([.null, .array(NumPyArray([1.5], shape: [1]))])]))
    var bytes = array
    let place = try #require(bytes.firstIndex(of: UInt8(ascii: "<")))
    bytes[place + 1] = UInt8(ascii: "O")
    let error = refusal { () throws(WeightsError) in _ = try NumPyMessage.decode(bytes) }
    #expect(
      error?.message
        == "image[1], byte \(place - 1): expected a dtype of booleans, integers, floats or text, "
        + "found \"<O8\": Python objects")
  }

  @Test func noMessageThatIsCutOffIsRead() throws {
    for fixture in try MessageFixture.load("packed.json") where fixture.message.count < 2000 {
      for count in 0..<fixture.message.count {
        let error = refusal { () throws(WeightsError) in
          _ = try NumPyMessage.decode(Array(fixture.message.prefix(count)))
        }
        #expect(
          [.messageTruncated, .messageCount].contains(error?.code), "\(fixture): \(error as Any)")
      }
    }
  }

  @Test func noChangedByteCrashes() throws {
    for fixture in try MessageFixture.load("packed.json") where fixture.message.count < 400 {
      var bytes = fixture.message
      for index in bytes.indices {
        let sound = bytes[index]
        for value: UInt8 in [0x00, 0x81, 0x92, 0xC1, 0xC4, 0xDD, 0xFF, sound ^ 1, sound ^ 0x80] {
          bytes[index] = value
          let value = try? NumPyMessage.decode(bytes)
          if let value {
            #expect(try areSame(NumPyMessage.decode(NumPyMessage.encode(value)), value))
          }
        }
        bytes[index] = sound
      }
    }
  }

  @Test func textArraysFollowTheLimitOfText() throws {
    let limits = MessageLimits(maximumTextByteCount: 16)
    func message(_ count: Int) -> [UInt8] {
      NumPyMessage.encode(
        .array(
          NumPyArray(
            dtype: NumPyType(.text, size: 4 * count), shape: [],
            bytes: [UInt8](repeating: 0, count: 4 * count))))
    }
    #expect(throws: Never.self) { try NumPyMessage.decode(message(16), limits: limits) }
    #expect(throws: WeightsError(.messageTextTooLong, "")) {
      try NumPyMessage.decode(message(17), limits: limits)
    }
  }
}

func refusal(_ body: () throws(WeightsError) -> Void) -> WeightsError? {
  do throws(WeightsError) {
    try body()
    return nil
  } catch { return error }
}
