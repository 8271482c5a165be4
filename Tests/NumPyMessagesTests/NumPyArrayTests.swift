import DVLADiagnostics
import DVLAJSON
import DVLANumPyMessages
import Testing

struct NumPyArrayTests {
  @Test func numbersAreThoseOfNumPy() throws {
    var seen: Set<NumPyType> = []
    for fixture in try MessageFixture.load("packed.json") + MessageFixture.load("other.json") {
      guard case .array(let array) = try NumPyMessage.decode(fixture.message),
        let numbers = fixture["value"]?.object?["array"]?.object?["doubles"]?.array
      else { continue }
      let expected = try numbers.map { number in
        if let number = number.number { return number }
        let name = try #require(number.string)
        return try #require(Double(name))
      }
      let found = try array.doubles()
      #expect(
        found.count == expected.count
          && zip(found, expected).allSatisfy {
            $0.isNaN ? $1.isNaN : $0.bitPattern == $1.bitPattern
          },
        "\(fixture): \(found)")
      #expect(array.count == found.count)
      seen.insert(array.dtype)
    }
    // Of signed and unsigned integers and floats, both orders of all that have one.
    #expect(seen.count == 2 + 2 * (3 + 3 + 3))
  }

  @Test func textsAreThoseOfNumPy() throws {
    var count = 0
    for fixture in try MessageFixture.load("packed.json") {
      guard case .array(let array) = try NumPyMessage.decode(fixture.message),
        let text = fixture["value"]?.object?["array"]?.object?["text"]?.string
      else { continue }
      #expect(try array.text().unicodeScalars.elementsEqual(text.unicodeScalars), "\(fixture)")
      count += 1
    }
    #expect(count >= 8)
  }

  @Test func arraysOfNumbersComeBack() throws {
    let doubles = NumPyArray([0.1, -0.0, .infinity, 1e300], shape: [2, 2])
    #expect(try doubles.doubles() == [0.1, -0.0, .infinity, 1e300])
    #expect(doubles.dtype.description == "<f8")
    let floats = NumPyArray([0.1, 2] as [Float], shape: [2])
    #expect(try floats.doubles() == [Double(Float(0.1)), 2])
    #expect(floats.dtype.description == "<f4")
  }

  @Test(arguments: [NumPyType(.bool, size: 1), NumPyType(.text, size: 8)])
  func otherThingsThanNumbersAreNone(type: NumPyType) {
    let array = NumPyArray(
      dtype: type, shape: [], bytes: [UInt8](repeating: 0, count: type.size))
    #expect(throws: WeightsError(.messageNotNumbers, "")) { try array.doubles() }
  }

  @Test func integersThatNoFloatIsEqualToAreRefused() throws {
    func array(_ kind: NumPyType.Kind, _ value: UInt64) -> NumPyArray {
      NumPyArray(
        dtype: NumPyType(kind, size: 8), shape: [1],
        bytes: (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) })
    }
    #expect(try array(.signed, 1 << 53).doubles() == [0x1p53])
    #expect(try array(.signed, .max).doubles() == [-1])
    #expect(try array(.unsigned, 1 << 63).doubles() == [0x1p63])
    for kind in [NumPyType.Kind.signed, .unsigned] {
      #expect(throws: WeightsError(.messageIntegerRange, "")) {
        try array(kind, 1 << 53 + 1).doubles()
      }
    }
  }

  @Test func otherThingsThanOneTextAreNone() {
    func array(_ type: NumPyType, _ shape: [Int], _ bytes: [UInt8]) -> NumPyArray {
      NumPyArray(dtype: type, shape: shape, bytes: bytes)
    }
    let text = NumPyType(.text, size: 4)
    #expect(throws: WeightsError(.messageNotText, "")) {
      try array(text, [1], [97, 0, 0, 0]).text()
    }
    #expect(throws: WeightsError(.messageNotText, "")) {
      try array(NumPyType(.unsigned, size: 4), [], [97, 0, 0, 0]).text()
    }
    for bytes in [[0, 0xD8, 0, 0], [0, 0, 0x11, 0], [0xFF, 0xFF, 0xFF, 0xFF]] as [[UInt8]] {
      #expect(throws: WeightsError(.messageUTF32, "")) { try array(text, [], bytes).text() }
    }
  }
}

struct NumPyMapTests {
  @Test func findsAndRemovesByTheBytesOfTheKey() {
    var map: NumPyMap = ["a": .integer(1), "\u{E9}": .integer(2), "e\u{301}": .integer(3)]
    #expect(map["\u{E9}"] == .integer(2))
    #expect(map["e\u{301}"] == .integer(3))
    #expect(map.remove("a") == .integer(1))
    #expect(map.remove("a") == nil)
    #expect(map.entries.map(\.key.utf8.count) == [2, 3])
    map.append("a", .null)
    #expect(map["a"] == .null)
  }
}
