import DVLABundles
import DVLAHashing
import DVLAJSON
import DVLATensors
import Testing

/// The worked example of the specification (BundleFormat.md): three BF16 numbers.
struct WorkedExampleTests {
  @Test func theWriterMakesTheBytesOfTheSpecification() throws {
    let folder = try TemporaryFolder()
    // 1.0, -2.0, 0.5: words 3f80, c000, 3f00.
    let tensor = try TestTensor("x", .bf16, [3], bytes: [0x80, 0x3F, 0x00, 0xC0, 0x00, 0x3F])
    let root = try writeBundle(
      [tensor], to: folder("a"),
      documents: BundleDocuments(
        family: "example", configuration: [:], recipe: [:], provenance: [:], ledger: []))
    let bytes = try folder.bytes(of: "a")
    #expect(bytes.count == 640)
    #expect(
      root.hex == "dea7285b76b6a23f0a77328485db8e20e3678fa0446606b9e5f3d667f63d21d2")
    let chunk = try #require(try WeightBundle(path: folder("a")).tensor("x")).chunks[0]
    #expect(chunk.storedRange == 576..<598)
    #expect(
      chunk.sha256.hex == "6c240d21b4fcad623e90e2cc1cde32c6a70c1b30eee934ae0673ec1c350af902")
    #expect(chunk.xxh3 == 0x076d_a38e_d592_0fb7)
    #expect(
      Array(bytes[576...]) == [
        0x28, 0xB5, 0x2F, 0xFD, 0x24, 0x06,  // magic, descriptor, content size
        0x18, 0x00, 0x00, 0x7F, 0x80, 0x7E,  // raw block of 3: plane 0
        0x19, 0x00, 0x00, 0x00, 0x01, 0x00,  // last raw block of 3: plane 1
        0xB3, 0xAB, 0x64, 0x59,  // checksum
        0x50, 0x2A, 0x4D, 0x18, 0x22, 0x00, 0x00, 0x00,  // skippable frame of 34
      ] + [UInt8](repeating: 0, count: 34))
  }
}
