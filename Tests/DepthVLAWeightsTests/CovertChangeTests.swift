import DVLADiagnostics
import DVLAFiles
import DVLAQuantization
import DVLATestSupport
import DepthVLAWeights
import Foundation
import Testing

/// Sources that are written to in place after a conversion was planned, and their times set back:
/// what the plan rests on is looked at again, and not the tensors alone.
struct CovertChangeTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  /// Plans, lets the change happen, and writes.
  private func expectRefusal(
    of file: String, settings: FixtureCheckpoint? = nil, _ change: (inout [UInt8]) throws -> Void
  ) throws {
    try setTime(of: file)
    let library = try Library.get()
    var options = ConversionOptions(recipe: .preset(.source))
    options.settings = settings?.jsonSettings ?? []
    let conversion = try Conversion(
      sources: [ImportedSource(path: scratch("in"), library: library)], options: options,
      library: library)
    var bytes = try scratch.bytes(of: file)
    let count = bytes.count
    try change(&bytes)
    #expect(bytes.count == count)
    try write(bytes, over: file)
    let error = #expect(throws: WeightsError(.fileChanged, .inputOutput, "")) {
      try conversion.write(to: scratch("b"))
    }
    #expect(error?.file == scratch(file))
    #expect(try scratch.entries == ["in"])
  }

  private func write(_ bytes: [UInt8], over file: String) throws {
    // The system's clock for files advances every few milliseconds.
    usleep(50_000)
    let handle = try FileHandle(forWritingTo: URL(filePath: scratch(file)))
    try handle.write(contentsOf: bytes)
    try handle.close()
    try setTime(of: file)
  }

  private func setTime(of file: String) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1000)], ofItemAtPath: scratch(file))
  }

  /// Two tensors of one shape exchanged: the data are as before, and belong to others.
  @Test func ofAHeader() throws {
    try scratch.copy("dinov2/hf", to: "in")
    let file = "in/model.safetensors"
    try expectRefusal(of: file) { bytes in
      let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      let text = String(decoding: bytes[8..<8 + length], as: UTF8.self)
      let (query, key, other) = (
        "0.attention.attention.query.w", "0.attention.attention.key.w", "\u{1}"
      )
      let changed = text.replacing(query, with: other).replacing(key, with: query)
        .replacing(other, with: key)
      #expect(changed != text)
      bytes.replaceSubrange(8..<8 + length, with: Array(changed.utf8))
    }
  }

  /// A copy that the bundle does not hold, since it is equal to another tensor.
  @Test func ofATiedCopy() throws {
    let fixture = FixtureCheckpoint("paligemma/state-dict-4.52-to-5.5")
    try scratch.copy("paligemma/state-dict-4.52-to-5.5", to: "in")
    let file = "in/model.safetensors"
    let checkpoint = try PlainCheckpoint(fixture: "paligemma/state-dict-4.52-to-5.5")
    let head = try #require(checkpoint.tensors.first { $0.key.hasSuffix("lm_head.weight") }).value
      .bytes
    try expectRefusal(of: file, settings: fixture) { bytes in
      // Whichever of the two comes first.
      let place = try #require(Data(bytes).range(of: Data(head))).lowerBound
      bytes[place + 5] ^= 1
    }
  }

  @Test func ofAnAsset() throws {
    try scratch.copy("dinov2/hf", to: "in")
    try scratch.write(
      FixtureFolder.bytes("assets/dinov2/preprocessor_config.json"),
      to: "in/preprocessor_config.json")
    let file = "in/preprocessor_config.json"
    try expectRefusal(of: file) { bytes in
      bytes = [UInt8](repeating: UInt8(ascii: "#"), count: bytes.count)
    }
  }
}
