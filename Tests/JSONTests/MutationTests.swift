import DVLADiagnostics
import DVLAJSON
import Testing

/// SplitMix64 (Steele, Lea and Flood 2014): a failing run replays from its seed.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

@Suite struct MutationTests {
  static let documents = [
    #"{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}"#,
    #"[0,-0,1.5e-7,18446744073709551615,-9223372036854775808,1e308,true,false,null]"#,
    #"{"\u0061\ud83d\ude00":"é€😀\u0000\\\"","k1":1,"k2":2,"k3":3,"k4":4,"k5":5,"k6":6,"k7":7,"k8":8}"#,
    "\t[ {} , [ ] ,\r\n{ \"a\" : { \"a\" : [ \"\" ] } } ]  ",
  ]

  /// Bytes that mean something to a JSON reader, so that mutants get past the first token.
  static let tokens =
    Array(#"{}[]:,"\/'+-.0129eEuntfd #"#.utf8) + [
      0, 9, 10, 0x7F, 0x80, 0xC0, 0xED, 0xA0, 0xF4, 0xFF,
    ]

  @Test(arguments: 0..<8)
  func mutantIsEitherRefusedOrReadAndWrittenTheSame(_ seed: Int) throws {
    var random = SplitMix64(state: UInt64(seed))
    var acceptedCount = 0
    for round in 0..<2000 {
      var bytes = Array(Self.documents[round % Self.documents.count].utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&bytes, &random) }
      let value: JSONValue
      do throws(WeightsError) {
        value = try StrictJSON.parse(bytes)
      } catch {
        #expect(error.code.rawValue.hasPrefix("json."))
        #expect(error.code != .jsonDisagreement, "\(String(decoding: bytes, as: UTF8.self))")
        continue
      }
      acceptedCount += 1
      let text = value.encoded()
      let again = try StrictJSON.parse(text)
      #expect(again == value, "seed \(seed), round \(round): \(text)")
      #expect(again.encoded() == text)
    }
    #expect(acceptedCount > 100)
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    guard let position = bytes.indices.randomElement(using: &random) else { return }
    let token = Self.tokens[Int.random(in: 0..<Self.tokens.count, using: &random)]
    switch Int.random(in: 0..<6, using: &random) {
    case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[position] = token
    case 2: bytes.insert(token, at: position)
    case 3: bytes.remove(at: position)
    case 4: bytes.removeSubrange(position...)
    default:
      let end = min(bytes.count, position + Int.random(in: 1...12, using: &random))
      bytes.insert(contentsOf: bytes[position..<end], at: position)
    }
  }
}
