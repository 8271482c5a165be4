import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLASafetensors
import DVLATestSupport
import DepthVLAWeights
import Foundation
import Testing

/// What a file holds decides whether a bundle takes it along, and under which name.
struct AssetContentTests {
  let scratch: ScratchFolder
  init() throws {
    scratch = try ScratchFolder()
    try scratch.copy("paligemma/hf-hub", to: "pali")
    try scratch.addAssets("paligemma", to: "pali")
  }

  static let pointer = """
    version https://git-lfs.github.com/spec/v1
    oid sha256:8986bb4f423f07f8c7f70d0dbe3526fb2316056c17bae71b1ea975e77a168fc6
    size 4264023

    """

  func refusal(_ body: () throws -> Void) -> WeightsError? {
    #expect(throws: WeightsError.self) { try body() }
  }

  func given(
    _ role: BundleAsset.Role, _ path: String, family: String? = nil
  ) throws -> WeightBundle {
    try convert([scratch("pali")], to: scratch("b-\(UUID().uuidString)")) {
      $0.assets.given = [AssetChoice.Given(role: role, family: family, path: path)]
    }
  }

  @Test(arguments: [
    ("tokenizer.model", "convert.asset-kind", "is a Git LFS pointer, expected a tokenizer"),
    ("tokenizer.json", "convert.asset-kind", "is a Git LFS pointer, expected a tokenizer"),
    ("tokenizer_config.json", "convert.asset-kind", "is a Git LFS pointer, expected a JSON object"),
    ("preprocessor_config.json", "convert.asset-kind", "is a Git LFS pointer"),
    ("norm_stats.json", "convert.asset-kind", "is a Git LFS pointer, expected statistics"),
  ])
  func aPointerInPlaceOfTheFileIsRefused(_ name: String, _ code: String, _ words: String) throws {
    let path = try scratch.write(Self.pointer, to: "pali/" + name)
    let found = refusal { try convert([scratch("pali")], to: scratch("b")) }
    #expect(found?.code.rawValue == code)
    #expect(found?.kind == .malformed)
    #expect(found?.file == path)
    #expect(found?.message.hasPrefix(words) == true, "\(String(describing: found))")
    #expect(found?.message.contains("run git lfs pull") == true)
    #expect(found?.remedies == [.leaveOutAssets])
    #expect(!(try scratch.entries.contains("b")))
  }

  @Test(arguments: [
    (BundleAsset.Role.tokenizer, "host-7\n", "tokenizer.malformed"),
    (.tokenizer, "{}", "json.missing-key"),
    (.tokenizer, "<!DOCTYPE html><html></html>", "convert.asset-kind"),
    (.statistics, "{}", "statistics.format"),
    (.statistics, "{\"norm_stats\": {\"state\": {\"mean\": [1]}", "json.truncated"),
    (.preprocessor, "[1]", "convert.asset-kind"),
    (.preprocessor, "{\"a\": 1, \"a\": 2}", "json.duplicate-key"),
  ])
  func whatIsGivenIsLookedIntoToo(
    _ role: BundleAsset.Role, _ text: String, _ code: String
  ) throws {
    let path = try scratch.write(text, to: "mine")
    let error = refusal { _ = try given(role, path) }
    #expect(error?.code.rawValue == code)
    #expect(error?.kind == .malformed)
    #expect(error?.file == path)
    #expect(error?.remedies == [])
  }

  /// Export writes what upstream libraries and `convert` look for.
  @Test(arguments: [
    (
      BundleAsset.Role.tokenizer, "tokenizers/tiny/tokenizer.model", "gemma.model",
      "tokenizer.model"
    ),
    (.tokenizer, "tokenizers/tiny/tokenizer.json", "gemma", "tokenizer.json"),
    (.statistics, "statistics/openpi-8-5.json", "op.json", "norm_stats.json"),
    (.statistics, "statistics/openpi-8-5.json", "stats.json", "norm_stats.json"),
    (.statistics, "statistics/lerobot-8-5.json", "le.json", "stats.json"),
    (
      .statistics, "statistics/lerobot-8-5.safetensors", "le.safetensors",
      "policy_preprocessor_step_0_normalizer_processor.safetensors"
    ),
    (
      .statistics, "statistics/lerobot-8-5.safetensors",
      "policy_postprocessor_step_1_unnormalizer_processor.safetensors",
      "policy_postprocessor_step_1_unnormalizer_processor.safetensors"
    ),
    (
      .preprocessor, "assets/paligemma/preprocessor_config.json", "x.json",
      "preprocessor_config.json"
    ),
  ])
  func aFileOfAnyNameComesBackUnderTheOneItIsKnownBy(
    _ role: BundleAsset.Role, _ fixture: String, _ name: String, _ canonical: String
  ) throws {
    let bytes = try FixtureFolder.bytes(fixture)
    let bundle = try given(role, try scratch.write(bytes, to: name))
    let asset = try #require(bundle.assets(role).first)
    #expect(asset.fileName == canonical)
    #expect(asset.source == name)
    try export(bundle, naming: "hub", to: scratch("out"))
    #expect(try scratch.bytes(of: "out/" + canonical) == bytes)
    let again = try convert([scratch("out")], to: scratch("again"))
    #expect(again.assets(role).map(\.sha256) == [asset.sha256])
  }

  /// Unigram tokenizers are another kind, not damage.
  @Test func aTokenizerOfAnotherKindTravelsAndIsSaidToBeUnreadable() throws {
    let other = """
      {"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null,
       "post_processor": null, "decoder": null, "model": {"type": "Unigram", "vocab": []}}
      """
    let path = try scratch.write(other, to: "pali/tokenizer.json")
    func plan() throws -> Conversion {
      let library = try Library.get()
      let source = try ImportedSource(path: scratch("pali"), library: library)
      return try Conversion(
        sources: [source], options: ConversionOptions(recipe: .preset(.source)), library: library)
    }
    let both = try plan()
    #expect(both.assets.map(\.fileName) == AssetConversionTests.tokenizerFiles)
    #expect(both.assetNotes == [])
    try FileManager.default.removeItem(atPath: scratch("pali/tokenizer.model"))
    let alone = try plan()
    #expect(alone.assets.count == 5)
    #expect(alone.assetNotes.count == 1)
    #expect(alone.assetNotes.first?.contains("\"\(path)\"") == true)
    #expect(alone.assetNotes.first?.contains("run cannot read") == true)
  }

  @Test func givenStatisticsTakeLeRobotsPipelinesWithThem() throws {
    try scratch.copy("pi0/lerobot-2025-10", to: "pi0")
    try scratch.addAssets("pi0-lerobot", to: "pi0")
    let settings = FixtureCheckpoint("pi0/lerobot-2025-10").jsonSettings
    let library = try Library.get()
    let source = try ImportedSource(path: scratch("pi0"), library: library)
    var options = ConversionOptions(recipe: .preset(.source))
    options.settings = settings
    options.assets.given = [
      AssetChoice.Given(
        role: .statistics, family: nil, path: FixtureFolder.path("statistics/openpi-8-5.json"))
    ]
    let replaced = try Conversion(sources: [source], options: options, library: library)
    #expect(replaced.assets.map(\.name) == ["pi0.norm_stats.json"])
    for name in ["policy_preprocessor.json", "policy_postprocessor.json"] {
      #expect(replaced.assetNotes.contains { $0.contains(scratch("pi0/" + name)) })
    }
    // A preprocessor of pictures leaves the pipelines alone.
    options.assets.given = [
      AssetChoice.Given(
        role: .preprocessor, family: nil,
        path: FixtureFolder.path("assets/paligemma/preprocessor_config.json"))
    ]
    let kept = try Conversion(sources: [source], options: options, library: library)
    #expect(kept.assets.count == 5)
    #expect(kept.assets.filter { $0.role == .preprocessor }.count == 3)
    // And what travels is no stranger in the folder.
    #expect(kept.remarks(on: source).isEmpty)
    #expect(!source.checkpoint.remarks.isEmpty)
  }

  @Test func aFileAmongOtherCheckpointsTakesNothingFromItsFolder() throws {
    try scratch.copy("dinov2/hf", to: "dino")
    try scratch.addAssets("dinov2", to: "dino")
    let path = scratch("dino/model.safetensors")
    let alone = try convert([path], to: scratch("dino/bundle.dvla.safetensors"))
    #expect(alone.assets.count == 1)
    // A bundle beside it is no other checkpoint.
    let again = try convert([path], to: scratch("again"))
    #expect(again.root == alone.root)
    try scratch.write(scratch.bytes(of: "dino/model.safetensors"), to: "dino/other.safetensors")
    let library = try Library.get()
    let source = try ImportedSource(path: path, library: library)
    let conversion = try Conversion(
      sources: [source], options: ConversionOptions(recipe: .preset(.source)), library: library)
    #expect(conversion.assets.isEmpty)
    #expect(conversion.assetNotes.count == 1)
    #expect(conversion.assetNotes.first?.contains("\"other.safetensors\"") == true)
  }

  @Test func moreFilesThanABundleTakesAreCountedBeforeTheyAreOpened() throws {
    for index in 0..<60 {
      try scratch.write(
        "", to: "pali/policy_preprocessor_step_\(index)_normalizer_processor.safetensors")
    }
    let error = refusal { try convert([scratch("pali")], to: scratch("b")) }
    #expect(error?.code.rawValue == "convert.assets")
    #expect(error?.file == scratch("pali"))
    #expect(error?.message.hasPrefix("the bundle would have 66 assets") == true)
  }

  @Test func whatIsNoFileIsSaidWithTheWayOut() throws {
    try scratch.makeFolder("pali/stats.json")
    let folder = refusal { try convert([scratch("pali")], to: scratch("b")) }
    #expect(folder?.code.rawValue == "file.not-regular")
    #expect(folder?.remedies == [.leaveOutAssets])
    try FileManager.default.removeItem(atPath: scratch("pali/stats.json"))
    try scratch.write("", to: "pali/added_tokens.json")
    let empty = refusal { try convert([scratch("pali")], to: scratch("b")) }
    #expect(empty?.code.rawValue == "convert.asset-size")
    #expect(empty?.remedies == [.leaveOutAssets])
  }

  @Test func aNameThatIsNotTextIsPassedOver() throws {
    let bytes = Array(scratch("pali").utf8) + Array("/policy_preprocessor_step_".utf8)
    let path = (bytes + [0xFF] + Array(".safetensors".utf8) + [0]).map(CChar.init(bitPattern:))
    let file = unsafe fopen(path, "w")
    #expect(unsafe file != nil)
    if let file = unsafe file { unsafe fclose(file) }
    let library = try Library.get()
    let source = try ImportedSource(path: scratch("pali"), library: library)
    let conversion = try Conversion(
      sources: [source], options: ConversionOptions(recipe: .preset(.source)), library: library)
    #expect(conversion.assets.count == 6)
    #expect(conversion.assetNotes.contains { $0.contains("not UTF-8") })
  }

  @Test func aNameThatSteersTerminalsIsRefusedWithItsFile() throws {
    let name = "policy_preprocessor_step_0_\u{202E}.safetensors"
    try scratch.write(
      FixtureFolder.bytes("statistics/lerobot-8-5.safetensors"), to: "pali/" + name)
    let error = refusal { try convert([scratch("pali")], to: scratch("b")) }
    #expect(error?.code.rawValue == "bundle.asset-name")
    #expect(error?.file == scratch("pali/" + name))
  }

  @Test func statisticsOfAModelThatIsNotThereAreRefused() throws {
    let path = FixtureFolder.path("statistics/openpi-8-5.json")
    let error = refusal { _ = try given(.statistics, path, family: "pi0") }
    #expect(error?.code.rawValue == "convert.assets")
    #expect(error?.kind == .usage)
    #expect(error?.message.contains("no pi0 part") == true)
  }
}
