import DVLAImages
import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// How the pictures of pi0 are fitted, by the naming of its tensors and the files beside them.
struct PictureFitTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  static let heads = ["vision.num_attention_heads=2", "text.num_attention_heads=8"]

  /// Converts and says what the bundle has under `image_fit`.
  private func fit(of folder: String, _ options: String...) throws -> String? {
    let result = try convert(folder, options)
    try #require(result.status == 0, "\(result.error)")
    return result.json?["configuration"]?.object?["image_fit"]?.string
  }

  private func convert(_ folder: String, _ options: [String]) throws -> Outcome {
    let heads = folder.contains("transformers-5.23") || folder.contains("native") ? [] : Self.heads
    return try depthvla(
      ["convert", "--pi0", folder, "-o", scratch("b"), "--force", "--json"]
        + ((heads + options).flatMap { ["--set", $0] }))
  }

  private func config(_ folder: String, _ change: (inout [String: Any]) -> Void) throws {
    let path = URL(fileURLWithPath: folder + "/config.json")
    var document = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
    change(&document)
    try JSONSerialization.data(withJSONObject: document).write(to: path)
  }

  @Test(arguments: [
    ("openpi", "pad"), ("lerobot-2025-02", "lerobot-2025-02"),
    ("lerobot-2025-10", "lerobot-2025-10"),
    ("lerobot-save-transformers-5.4-to-5.5", "lerobot-2026-03"),
    ("lerobot-save-transformers-5.6-on", "lerobot-2026-03"),
    ("transformers-5.23-fresh-save", "transformers"),
  ])
  func theNamingTellsHowPicturesAreFitted(naming: String, expected: String) throws {
    let folder = FixtureFolder.path("checkpoints/pi0/" + naming)
    #expect(try fit(of: folder) == expected)
    #expect(try fit(of: folder, "image_fit=pad") == "pad")
  }

  @Test func nullTakesPicturesAsTheyAreAndTheUserMaySayOtherwise() throws {
    let folder = try scratch.copy("pi0/lerobot-2025-02", to: "p")
    try config(folder) { $0["resize_imgs_with_padding"] = NSNull() }
    #expect(try fit(of: folder) == "exact")
    #expect(try depthvla("verify", scratch("b"), "--against", folder).status == 0)
    let state = scratch("s.json")
    try scratch.write("[0,0,0,0,0,0,0,0,0,0,0]", to: "s.json")
    let run = try depthvla(
      "run", scratch("b"), "--image", FixtureFolder.path("images/rgb8.png"), "--instruction", "",
      "--state", state, "--tokenizer", FixtureFolder.path("tokenizers/tiny/tokenizer.model"))
    #expect(run.status == 65 && run.error.contains("expected a picture of 42 x 42"), "\(run.error)")
    #expect(try fit(of: folder, "image_fit=lerobot-2025-02") == "lerobot-2025-02")
  }

  @Test(arguments: [[224, 224], [42, 224], [42]])
  func picturesOfAnotherSizeThanTheModelsAreRefused(sides: [Int]) throws {
    let folder = try scratch.copy("pi0/lerobot-2025-02", to: "p")
    try config(folder) { $0["resize_imgs_with_padding"] = sides }
    let result = try convert(folder, [])
    #expect(result.status == 65, "\(result.error)")
    #expect(result.error.contains("resize_imgs_with_padding"), "\(result.error)")
    #expect(try !scratch.entries.contains("b"))
  }

  /// As the report of lerobot #1041 has it: a picture of the right width and half the height.
  @Test(arguments: [("lerobot-2025-02", 21), ("openpi", 10)])
  func aWidePictureStandsWhereItsLibraryPutsIt(naming: String, top: Int) throws {
    let folder = FixtureFolder.path("checkpoints/pi0/" + naming)
    #expect(try fit(of: folder) != nil)
    var pixels = (0..<21 * 42 * 3).map { UInt8(truncatingIfNeeded: $0 &* $0 &+ 7 &* $0) }
    let wide = RGBImage(width: 42, height: 21, pixels: pixels)
    pixels = [UInt8](repeating: 0, count: top * 42 * 3) + pixels
    pixels += [UInt8](repeating: 0, count: 42 * 42 * 3 - pixels.count)
    let framed = RGBImage(width: 42, height: 42, pixels: pixels)
    try scratch.write("[0,0,0,0,0,0,0,0,0,0,0]", to: "s.json")
    let actions = try [wide, framed].map { picture in
      try scratch.write(PNGFile.encode(picture), to: "p.png")
      let run = try depthvla(
        "run", scratch("b"), "--image", scratch("p.png"), "--instruction", "pick up", "--state",
        scratch("s.json"), "--json", "--tokenizer",
        FixtureFolder.path("tokenizers/tiny/tokenizer.model"))
      try #require(run.status == 0, "\(run.error)")
      return run.json?["actions"]
    }
    #expect(actions[0] == actions[1] && actions[0] != nil)
  }

  /// What `run` would refuse of a preprocessor is refused before anything is written.
  @Test(arguments: [
    ("depth-anything-v2/hf", #"{"resample": 0}"#, "resample"),
    ("depth-anything-v2/hf", #"{"ensure_multiple_of": 13}"#, "multiples of 13"),
    ("dinov2/hf", #"{"crop_size": null}"#, "crop_size"),
    ("paligemma/hf-hub", #"{"do_center_crop": true}"#, "do_center_crop"),
    ("depthvla/plain", #"{"size": {"height": 28, "width": 28}}"#, "28 x 28"),
    ("depthvla/plain", #"{"image_processor_type": "PI0ImageProcessor"}"#, "image_fit=transformers"),
    ("pi0/openpi", #"{"image_processor_type": "PI0ImageProcessor"}"#, "image_fit=transformers"),
  ])
  func aPreprocessorThatRunWouldRefuseIsRefusedByConvert(
    fixture: String, settings: String, word: String
  ) throws {
    let source = FixtureCheckpoint(fixture)
    try scratch.write(settings, to: "preprocessor_config.json")
    let result = try depthvla(
      ["convert", source.option, source.path, "-o", scratch("b")]
        + source.settings.flatMap { ["--set", $0.key + "=" + $0.value] }
        + ["--preprocessor", scratch("preprocessor_config.json")])
    #expect(result.status == 65, "\(result.error)")
    #expect(result.error.contains(word), "\(result.error)")
    #expect(result.errorLines.count == 1, "\(result.error)")
    #expect(try !scratch.entries.contains("b"))
  }
}
