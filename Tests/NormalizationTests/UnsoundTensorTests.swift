import DVLANormalization
import DVLATestSupport
import Testing

/// lerobot's normaliser as safetensors.
struct UnsoundTensorTests {
  let sound: [UInt8]

  init() throws { sound = try FixtureFolder.bytes("statistics/lerobot-8-5.safetensors") }

  func parse(_ bytes: [UInt8]) throws -> PolicyStatistics {
    try PolicyStatistics(contents: bytes, fileName: "n.safetensors")
  }

  /// A file of F32 ones.
  func file(_ entries: String, byteCount: Int) -> [UInt8] {
    let header = Array(entries.utf8)
    return [UInt8(header.count & 0xFF), UInt8(header.count >> 8), 0, 0, 0, 0, 0, 0] + header
      + (0..<byteCount).map { [0, 0, 0x80, 0x3F][$0 % 4] }
  }

  @Test func cutOffFilesAreRefused() throws {
    for count in [0, 1, 7, 8, 9, 500, sound.count - 1] {
      #expect(throws: (any Error).self) { try parse(Array(sound.prefix(count))) }
    }
    expectRefusal("safetensors.truncated", file: "n.safetensors") { try parse(sound.dropLast()) }
    expectRefusal("safetensors.trailing-bytes") { try parse(sound + [0]) }
  }

  @Test func otherTensorsAreRefused() {
    expectRefusal("statistics.format", file: "n.safetensors") {
      try parse(
        file(#"{"model.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, byteCount: 4))
    }
    for (dtype, shape) in [("I32", "[1]"), ("F32", "[]"), ("F32", "[1,1]"), ("BF16", "[2]")] {
      expectRefusal("statistics.tensor", file: "n.safetensors") {
        try parse(
          file(
            #"{"action.mean":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":[0,4]}}"#,
            byteCount: 4))
      }
    }
  }

  @Test func valuesThatAreNotFiniteAreRefused() throws {
    var bytes = sound
    bytes.replaceSubrange((bytes.count - 4)..., with: [0, 0, 0xC0, 0x7F])
    expectRefusal("statistics.not-finite", file: "n.safetensors") { try parse(bytes) }
  }

  @Test func filesOfAnotherKindAreNamed() {
    expectRefusal("safetensors.other-format", mentioning: "PyTorch") {
      try parse(Array("PK\u{3}\u{4}".utf8) + [0, 0, 0, 0] + Array("archive/data.pkl".utf8))
    }
  }
}
