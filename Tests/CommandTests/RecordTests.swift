import DVLAHostileCorpus
import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// `verify --against` holds what a bundle says of how it was made against its sources too.
struct RecordTests {
  let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
    try scratch.copy("dinov2/hf", to: "in")
    let result = try depthvla(
      "convert", "--dinov2", scratch("in"), "--precision", "int8", "-o", scratch("b"))
    #expect(result.status == 0, "\(result.error)")
  }

  /// The differences that are reported, which fail no check.
  private func differences() throws -> [JSONObject] {
    let result = try depthvla("verify", scratch("b"), "--against", scratch("in"), "--json")
    #expect(result.status == 0, "\(result.error)")
    return try #require(result.json?["record_differences"]?.array).compactMap(\.object)
  }

  private func rewrite(_ change: (inout OpenedBundle) throws -> Void) throws {
    var bundle = try OpenedBundle(scratch.bytes(of: "b"))
    try change(&bundle)
    try scratch.write(bundle.bytes(), to: "b")
  }

  @Test func theRecordOfASoundBundleIsThatOfItsSources() throws {
    #expect(try differences() == [])
    let words = try depthvla("verify", scratch("b"), "--against", scratch("in"))
    #expect(words.output.contains("provenance matches these sources"))
  }

  /// The same tensors in a file of other bytes.
  @Test func anotherFileWithTheSameTensorsIsTold() throws {
    var bytes = try scratch.bytes(of: "in/model.safetensors")
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    bytes.replaceSubrange(
      8..<8 + length, with: Array(bytes[8..<8 + length]) + [UInt8](repeating: 0x20, count: 8))
    bytes[0] += 8
    try scratch.write(bytes, to: "in/model.safetensors")
    let found = try differences()
    #expect(found.map { $0["place"] } == ["provenance.sources[0].files[0].bytes"])
    #expect(found[0]["sources"] == .integer(Int64(bytes.count)))
    let words = try depthvla("verify", scratch("b"), "--against", scratch("in"))
    #expect(words.output.contains("provenance differs from these sources in"))
    #expect(words.output.contains("      from the sources   \(bytes.count)\n"))
  }

  @Test func aHashThatIsNotThatOfTheSourceIsTold() throws {
    try rewrite { bundle in
      let text = bundle.text("provenance")
      let mark = try #require(text.range(of: "\"sha256\":\""))
      let digit = text[mark.upperBound]
      bundle.setMetadata(
        "provenance",
        .string(
          text.replacingCharacters(
            in: mark.upperBound...mark.upperBound, with: digit == "0" ? "1" : "0")))
    }
    #expect(try differences().map { $0["place"] } == ["provenance.sources[0].files[0].sha256"])
  }

  @Test func aLossThatIsNotWhatConversionCostsIsTold() throws {
    try rewrite { bundle in
      let index = try #require(
        bundle.rows.firstIndex { row in row.contains { $0.0 == "quantization" } })
      let text = try #require(bundle.rows[index].first { $0.0 == "quantization" }).1.encoded()
      let mark = try #require(text.range(of: "\"sqnr_db\":"))
      bundle.set(
        "quantization",
        try StrictJSON.parse(text.replacingOccurrences(of: text[mark], with: text[mark] + "9")),
        row: index)
    }
    let found = try differences()
    #expect(found.count == 1)
    #expect(found.first?["place"]?.string?.hasSuffix(".quantization.error.sqnr_db") == true)
  }

  @Test func aFateThatIsNotThatOfTheTensorIsTold() throws {
    try rewrite { bundle in
      let text = bundle.text("ledger")
      let mark = try #require(text.range(of: "\"used\":[\""))
      bundle.setMetadata(
        "ledger", .string(text.replacingCharacters(in: mark, with: "\"used\":[\"x.")))
    }
    #expect(try differences().map { $0["place"] } == ["ledger[0][0].used[0]"])
  }

  @Test func anotherOrderOfKeysIsTold() throws {
    try rewrite { bundle in
      let text = bundle.text("ledger")
      let entry = try #require(text.range(of: "{\"name\":"))
      let comma = try #require(text[entry.upperBound...].range(of: ",\"dtype\":\"F32\","))
      let name = text[text.index(after: entry.lowerBound)..<comma.lowerBound]
      let dtype = text[text.index(after: comma.lowerBound)..<text.index(before: comma.upperBound)]
      bundle.setMetadata(
        "ledger",
        .string(
          text.replacingCharacters(
            in: entry.lowerBound..<comma.upperBound, with: "{\(dtype),\(name),")))
    }
    #expect(try differences().map { $0["place"] } == ["ledger[0][0]"])
  }

  /// What is not there is no null.
  @Test func listsOfOtherLengthsAreTold() throws {
    try rewrite { bundle in
      let text = bundle.text("ledger")
      // Of the first source, the last entry.
      let end = try #require(text.range(of: ",{", options: .backwards))
      bundle.setMetadata("ledger", .string(text[..<end.lowerBound] + "]]"))
    }
    let found = try differences()
    #expect(found.count == 1)
    #expect(found[0]["place"]?.string?.hasPrefix("ledger[0][") == true)
    let words = try depthvla("verify", scratch("b"), "--against", scratch("in")).output
    #expect(words.contains("      in the bundle      nothing\n"))
  }

  /// As large as one may be, and in the provenance beside all else.
  @Test func aLargeConfigTravels() throws {
    let config = String(decoding: try scratch.bytes(of: "in/config.json"), as: UTF8.self)
    let objects = Array(repeating: "{}", count: 19_990).joined(separator: ",")
    let start = try #require(config.firstIndex(of: "{"))
    try scratch.write(
      "{\"labels\": [" + objects + "], \"deep\": "
        + String(repeating: "[", count: 63) + String(repeating: "]", count: 63) + ","
        + config[config.index(after: start)...],
      to: "in/config.json")
    let result = try depthvla(
      "convert", "--dinov2", scratch("in"), "-o", scratch("b"), "--force")
    #expect(result.status == 0, "\(result.error)")
    #expect(try differences() == [])
  }

  /// What a bundle says steers no terminal, in words or as a document.
  @Test func whatABundleSaysIsPrintedEscaped() throws {
    try rewrite { bundle in
      bundle.setMetadata(
        "provenance",
        .string(
          bundle.text("provenance").replacing(
            "\"naming\":\"", with: "\"naming\":\"\u{9B}31m\u{202E}\u{E0041}")))
    }
    for options in [[], ["--json"]] {
      let output = try depthvla(
        ["verify", scratch("b"), "--against", scratch("in")] + options
      ).output
      #expect(!output.unicodeScalars.contains { ["\u{9B}", "\u{202E}", "\u{E0041}"].contains($0) })
    }
    let naming = try #require(differences().first?["bundle"]?.string)
    #expect(naming.hasPrefix("\u{9B}31m\u{202E}\u{E0041}"))
  }

  /// Without its config.json a source leaves open what the bundle settled, and no option of
  /// `verify` says it.
  @Test func aSourceThatSaysLessIsToldWithoutAdviceForConvert() throws {
    try FileManager.default.removeItem(atPath: scratch("in/config.json"))
    let result = try depthvla("verify", scratch("b"), "--against", scratch("in"))
    #expect(result.status == 1)
    #expect(result.errorLines.count == 1, "\(result.error)")
    #expect(result.error.contains("each with its config.json"))
    #expect(!result.error.contains("--set"))
  }
}
