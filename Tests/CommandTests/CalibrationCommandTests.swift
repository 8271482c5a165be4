import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// `--calibration`: a recipe takes the calibration that was written with it, and no other.
struct CalibrationCommandTests {
  /// A recipe with everything compensated, and its calibration.
  private static let found = Result {
    let search = try SearchScratch(count: 1, budget: SearchScratch.loose)
    let result = try search.search()
    try #require(result.status == 0, "\(result.error)")
    return search
  }
  private static let calibration = "b.calibration.safetensors"

  private func expectRefusal(
    _ status: Int32, _ codes: Set<String>, _ words: String? = nil, calibration: [UInt8]?,
    recipe: String? = nil, location: SourceLocation = #_sourceLocation
  ) throws {
    let found = try Self.found.get().scratch
    let scratch = try ScratchFolder()
    var arguments = [
      "convert", "--depthvla", SearchScratch.checkpoint, "--recipe", found("b.recipe.json"), "-o",
      scratch("b"),
    ]
    if let recipe { arguments[4] = try scratch.write(recipe, to: "recipe.json") }
    if let calibration {
      arguments += ["--calibration", try scratch.write(calibration, to: "calibration")]
    }
    let entries = try scratch.entries
    let result = try depthvla(arguments)
    #expect(result.status == status, "\(result.error)", sourceLocation: location)
    #expect(result.errorLines.count == 1 && result.output == "", sourceLocation: location)
    if let words {
      #expect(result.error.contains(words), "\(result.error)", sourceLocation: location)
    }
    let json = try depthvla(arguments + ["--json"]).json
    let code = try #require(json?["error"]?.object?["code"]?.string, sourceLocation: location)
    #expect(codes.contains(code), "\(code)", sourceLocation: location)
    #expect(try scratch.entries == entries, sourceLocation: location)
  }

  private var sound: [UInt8] {
    get throws { try Self.found.get().scratch.bytes(of: Self.calibration) }
  }

  @Test func aRecipeThatNeedsOneSaysSo() throws {
    try expectRefusal(
      64, ["quantization.calibration"], "give the calibration that was written with the recipe",
      calibration: nil)
  }

  @Test func anotherSearchHasAnotherCalibration() throws {
    let other = try SearchScratch(count: 2, budget: SearchScratch.loose)
    let result = try other.search()
    try #require(result.status == 0, "\(result.error)")
    let bytes = try other.scratch.bytes(of: Self.calibration)
    try expectRefusal(
      65, ["quantization.calibration"], "is not the calibration that was written with",
      calibration: bytes)
  }

  /// A recipe by hand, for tensors that the calibration has nothing of.
  @Test func aTensorThatItLacksIsNamed() throws {
    try expectRefusal(
      65, ["quantization.calibration"], "vlm.embed_tokens.weight\": the calibration has nothing of",
      calibration: try sound,
      recipe: """
        {"schema": 1, "rules": [{"match": "vlm.embed_tokens.weight", "precision": "int8",
         "rounding": "compensated"}, {"match": "**", "precision": "bf16"}]}
        """)
  }

  @Test func aChangedByteIsFoundAnywhere() throws {
    let sound = try sound
    for place in [0, 8, 60, sound.count / 2, sound.count - 1] {
      var bytes = sound
      bytes[place] ^= 1
      try expectRefusal(
        65,
        [
          "quantization.calibration", "json.nul-byte", "json.syntax",
        ], calibration: bytes)
    }
  }

  @Test func aFileThatIsCutOffIsRefused() throws {
    let sound = try sound
    for (count, code) in [
      (0, "safetensors.too-short"), (100, "safetensors.header-past-end"),
      (sound.count - 1, "safetensors.truncated"),
    ] {
      try expectRefusal(65, [code], calibration: Array(sound.prefix(count)))
    }
  }

  @Test func whatIsNoCalibrationIsRefused() throws {
    let weights = try Self.found.get().scratch.bytes(of: "b.dvla.safetensors")
    try expectRefusal(
      65, ["quantization.calibration"], "is no calibration", calibration: weights)
    let sound = try sound
    let old = Array(#""version":"1""#.utf8)
    let place = try #require(sound.firstRange(of: old))
    let next =
      sound[..<place.lowerBound] + Array(#""version":"2""#.utf8) + sound[place.upperBound...]
    try expectRefusal(
      65, ["quantization.calibration"], "is no calibration", calibration: Array(next))
  }
}
