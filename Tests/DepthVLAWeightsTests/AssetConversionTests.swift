import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLARemapping
import DVLATestSupport
import DepthVLAWeights
import Foundation
import Testing

/// What lies beside the weights travels in the bundle and comes out again.
struct AssetConversionTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  static let tokenizerFiles = [
    "added_tokens.json", "preprocessor_config.json", "special_tokens_map.json", "tokenizer.json",
    "tokenizer.model", "tokenizer_config.json",
  ]

  /// A copy of a checkpoint with the files that upstream publishes beside it.
  func source(_ fixture: String, _ assets: String, as name: String) throws -> String {
    try scratch.copy(fixture, to: name)
    try scratch.addAssets(assets, to: name)
    return scratch(name)
  }

  func paligemma() throws -> String { try source("paligemma/hf-hub", "paligemma", as: "pali") }

  func error(_ body: () throws -> Void) -> WeightsError? {
    #expect(throws: WeightsError.self) { try body() }
  }

  @Test func everyFileOfATokenizerTravelsAndComesBack() throws {
    let path = try paligemma()
    let bundle = try convert([path], to: scratch("b"))
    #expect(bundle.assets.map(\.name) == Self.tokenizerFiles.map { "paligemma." + $0 })
    #expect(bundle.assets.map(\.source) == Self.tokenizerFiles)
    #expect(
      bundle.assets.map(\.role) == [
        .tokenizerConfiguration, .preprocessor, .tokenizerConfiguration, .tokenizer, .tokenizer,
        .tokenizerConfiguration,
      ])
    for asset in bundle.assets {
      let expected = try FixtureFolder.bytes("assets/paligemma/" + asset.fileName)
      #expect(try bundle.bytes(of: asset) == expected, "\(asset.name)")
    }
    #expect(try bundle.verify(threads: 2).isIntact)

    let comparison = try compare(bundle, against: [path])
    #expect(comparison.isEqual)
    #expect(
      comparison.assets.map(\.outcome) == [AssetComparison.Outcome](repeating: .equal, count: 6))

    for naming in ["hub", "source", "save-5.6"] {
      let result = try export(bundle, naming: naming, to: scratch(naming))
      #expect(result.assets.map(\.name) == Self.tokenizerFiles)
      for name in Self.tokenizerFiles {
        let expected = try FixtureFolder.bytes("assets/paligemma/" + name)
        #expect(try scratch.bytes(of: naming + "/" + name) == expected, "\(naming) \(name)")
      }
    }
    // And in again.
    let again = try convert([scratch("source")], to: scratch("again"))
    #expect(again.assets == bundle.assets)
  }

  @Test func aFileThatIsASourceHasWhatLiesBesideIt() throws {
    let folder = try source("dinov2/hf", "dinov2", as: "dino")
    let bundle = try convert([folder + "/model.safetensors"], to: scratch("b"))
    #expect(bundle.assets.map(\.name) == ["dinov2.preprocessor_config.json"])
    #expect(bundle.assets(.preprocessor).count == 1)
  }

  @Test func anEncoderOfPicturesTakesNoTokenizer() throws {
    let folder = try source("depth-anything-v2/hf", "depth-anything-v2", as: "depth")
    try scratch.write(
      FixtureFolder.bytes("assets/paligemma/tokenizer.json"), to: "depth/tokenizer.json")
    try scratch.write(FixtureFolder.bytes("statistics/lerobot-8-5.json"), to: "depth/stats.json")
    let bundle = try convert([folder], to: scratch("b"))
    #expect(bundle.assets.map(\.name) == ["depth-anything-v2.preprocessor_config.json"])
  }

  @Test(.enabled(if: getuid() != 0, "the superuser may list anything"))
  func aFileWhoseFolderCannotBeListedHasItsAssetsAllTheSame() throws {
    let path = try source("dinov2/hf", "dinov2", as: "dino")
    #expect(unsafe chmod(path, 0o300) == 0)
    defer { unsafe chmod(path, 0o700) }
    let inspection = try Inspection.inspect(
      path + "/model.safetensors", library: Library.get(), settings: Configuration())
    #expect(inspection.assets.map(\.name) == ["dinov2.preprocessor_config.json"])
  }

  @Test func withoutAssetsThereAreNone() throws {
    let bundle = try convert([paligemma()], to: scratch("b")) { $0.assets.takesFound = false }
    #expect(bundle.assets.isEmpty)
    let plain = try convert([FixtureCheckpoint("paligemma/hf-hub").path], to: scratch("c"))
    #expect(plain.root == bundle.root)
    #expect(try compare(bundle, against: [scratch("pali")]).isEqual)
  }

  /// vlm from PaliGemma and the encoder from Depth Anything, both with a preprocessor.
  @Test(arguments: [1, 2]) func aCompositeKeepsFilesOfOneNameApart(threads: Int) throws {
    let sources = [
      try paligemma(), try source("depth-anything-v2/hf", "depth-anything-v2", as: "depth"),
      try Experts.write(to: scratch),
    ]
    func compose(_ name: String, _ threads: Int) throws -> WeightBundle {
      try convert(sources, to: scratch(name)) {
        $0.choices = ["vlm": "paligemma", "dinov2": "depth-anything-v2"]
        // The processor beside PaliGemma makes smaller pictures than the model takes.
        $0.settings.append(("image_fit", "pad"))
        $0.seed = 7
        $0.threads = threads
        $0.assets.given = [
          AssetChoice.Given(
            role: .statistics, family: nil,
            path: FixtureFolder.path("assets/pi0-openpi/assets/org/robot/norm_stats.json"))
        ]
      }
    }
    let bundle = try compose("b", threads)
    #expect(
      bundle.assets(.preprocessor).map(\.name) == [
        "depth-anything-v2.preprocessor_config.json", "paligemma.preprocessor_config.json",
      ])
    for asset in bundle.assets(.preprocessor) {
      let expected = try FixtureFolder.bytes("assets/\(asset.family)/\(asset.fileName)")
      #expect(try bundle.bytes(of: asset) == expected)
    }
    // Nothing but its name tells where a given file was.
    let statistics = try #require(bundle.assets(.statistics).first)
    #expect(statistics.name == "depthvla.norm_stats.json")
    #expect(statistics.source == "norm_stats.json")
    #expect(try compose("c", 5).root == bundle.root)

    // A part has its own files, the whole has all of them, under names that tell them apart.
    let part = try export(bundle, naming: "hub", to: scratch("part")) { $0.family = "paligemma" }
    #expect(part.assets.map(\.name) == Self.tokenizerFiles)
    let whole = try export(bundle, naming: "layout", to: scratch("whole"))
    #expect(
      whole.assets.map(\.name)
        == ["depth-anything-v2.preprocessor_config.json", "norm_stats.json"]
        + Self.tokenizerFiles.map { "paligemma." + $0 })
    let again = try convert([scratch("whole")], to: scratch("again"))
    #expect(again.assets.map(\.name) == bundle.assets.map(\.name))
    #expect(again.assets.map(\.sha256) == bundle.assets.map(\.sha256))
  }

  @Test func aSourceThatIsPassedOverGivesNoFiles() throws {
    let dinov2 = try source("dinov2/hf", "dinov2", as: "dino")
    let bundle = try convert([FixtureCheckpoint("depthvla/plain").path, dinov2], to: scratch("b")) {
      $0.choices = ["dinov2": "depthvla"]
    }
    #expect(bundle.assets.isEmpty)
  }

  @Test func statisticsOfOpenpiAreFoundWhereItPutsThem() throws {
    let path = try source("pi0/openpi", "pi0-openpi", as: "pi0")
    let settings = FixtureCheckpoint("pi0/openpi").jsonSettings
    let bundle = try convert([path], to: scratch("b"), settings: settings)
    #expect(bundle.assets.map(\.name) == ["pi0.norm_stats.json"])
    #expect(bundle.assets.map(\.source) == ["assets/org/robot/norm_stats.json"])
    #expect(try compare(bundle, against: [path]).assets.map(\.outcome) == [.equal])

    // Of two data sets none is the one.
    try scratch.makeFolder("pi0/assets/other")
    let statistics = try FixtureFolder.bytes("statistics/openpi-8-5.json")
    let other = try scratch.write(statistics, to: "pi0/assets/other/norm_stats.json")
    let refusal = error { try convert([path], to: scratch("c"), settings: settings) }
    #expect(refusal?.code.rawValue == "convert.assets")
    #expect(refusal?.kind == .usage)
    #expect(refusal?.message.contains("assets/org/robot/norm_stats.json") == true)
    #expect(refusal?.remedies == [.giveAsset(.statistics, family: "pi0")])
    let chosen = try convert([path], to: scratch("c"), settings: settings) {
      $0.assets.given = [AssetChoice.Given(role: .statistics, family: nil, path: other)]
    }
    #expect(chosen.assets.map(\.name) == ["pi0.norm_stats.json"])
    #expect(try chosen.bytes(of: chosen.assets[0]) == statistics)
  }

  @Test func whatLeRobotSavesBesidePi0IsFound() throws {
    let path = try source("pi0/lerobot-2025-10", "pi0-lerobot", as: "pi0")
    try scratch.makeFolder("pi0/meta")
    try scratch.write(
      FixtureFolder.bytes("statistics/lerobot-8-5.json"), to: "pi0/meta/stats.json")
    let fixture = FixtureCheckpoint("pi0/lerobot-2025-10")
    let bundle = try convert([path], to: scratch("b"), settings: fixture.jsonSettings)
    #expect(
      bundle.assets.map(\.fileName) == [
        "policy_postprocessor.json",
        "policy_postprocessor_step_0_unnormalizer_processor.safetensors",
        "policy_preprocessor.json", "policy_preprocessor_step_5_normalizer_processor.safetensors",
        "stats.json",
      ])
    #expect(bundle.assets(.preprocessor).count == 2)
    #expect(bundle.assets(.statistics).count == 3)
    try export(bundle, naming: "source", to: scratch("out"))
    let again = try convert([scratch("out")], to: scratch("again"), settings: fixture.jsonSettings)
    #expect(again.assets.map(\.sha256) == bundle.assets.map(\.sha256))
  }

  /// A tokenizer.json of another tokenizer must not stay beside a given tokenizer.model.
  @Test func aGivenTokenizerReplacesAllOfTheOneFound() throws {
    let model = try FixtureFolder.bytes("tokenizers/tiny/tokenizer.model")
    let given = try scratch.write(model, to: "tokenizer.model")
    let bundle = try convert([paligemma()], to: scratch("b")) {
      $0.assets.given = [AssetChoice.Given(role: .tokenizer, family: nil, path: given)]
    }
    #expect(
      bundle.assets.map(\.name) == [
        "paligemma.preprocessor_config.json", "paligemma.tokenizer.model",
      ])
    #expect(try bundle.bytes(of: bundle.assets[1]) == model)
    let comparison = try compare(bundle, against: [scratch("pali")])
    // The folder has a file of that name, which was not to be taken.
    #expect(comparison.assets.map(\.outcome) == [.equal, .given])
    #expect(comparison.isEqual)
    #expect(
      bundle.documents.provenance.object?["options"]?.object?["given_assets"]
        == ["paligemma.tokenizer.model"])
  }

  @Test func unclearGivenFilesAreAQuestion() throws {
    let file = try scratch.write(
      FixtureFolder.bytes("statistics/openpi-8-5.json"), to: "x.json")
    let pali = try paligemma()
    let depth = FixtureCheckpoint("depth-anything-v2/hf").path
    func refusal(_ sources: [String], _ given: AssetChoice.Given...) -> WeightsError? {
      error {
        try convert(sources, to: scratch("b")) {
          $0.choices = sources.count > 1 ? ["dinov2": "depth-anything-v2"] : [:]
          $0.seed = 7
          $0.settings = [
            ("depth.hidden_size", 20), ("depth.intermediate_size", 52),
            ("action.hidden_size", 28), ("action.intermediate_size", 36),
            ("action.state_dim", 11), ("action.action_dim", 7),
          ]
          if sources.count == 1 { $0.settings = [] }
          $0.assets.given = given
        }
      }
    }
    let preprocessor = AssetChoice.Given(role: .preprocessor, family: nil, path: file)
    let whose = refusal([pali, depth], preprocessor)
    #expect(whose?.code.rawValue == "convert.assets")
    #expect(whose?.remedies == [.giveAsset(.preprocessor, family: "paligemma")])
    let tokenizer = AssetChoice.Given(role: .tokenizer, family: nil, path: file)
    #expect(refusal([depth], tokenizer)?.code.rawValue == "convert.assets")
    // Two files of one name.
    let twice = AssetChoice.Given(role: .statistics, family: nil, path: file)
    #expect(refusal([pali], twice, twice)?.code.rawValue == "convert.assets")
    #expect(!(try scratch.entries.contains("b")))
  }

  @Test func unsoundFilesAreRefusedByName() throws {
    let pali = try paligemma()
    func refusal(_ change: () throws -> Void) throws -> WeightsError? {
      try change()
      return error { try convert([pali], to: scratch("b")) }
    }
    let path = "pali/tokenizer.model"
    let empty = try refusal { try scratch.write("", to: path) }
    #expect(empty?.code.rawValue == "convert.asset-size")
    #expect(empty?.file == scratch(path))
    let large = try refusal {
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch(path)))
      try handle.truncate(atOffset: 268_435_457)
      try handle.close()
    }
    #expect(large?.code.rawValue == "convert.asset-size")
    let folder = try refusal {
      try FileManager.default.removeItem(atPath: scratch(path))
      try scratch.makeFolder(path)
    }
    #expect(folder?.code.rawValue == "file.not-regular")
    let link = try refusal {
      try FileManager.default.removeItem(atPath: scratch(path))
      try scratch.link(path, to: FixtureFolder.path("assets/paligemma/tokenizer.model"))
    }
    #expect(link?.code.rawValue == "file.link")
    // Given by name, a link is the user's own.
    let bundle = try convert([pali], to: scratch("b")) {
      $0.assets.given = [
        AssetChoice.Given(role: .tokenizer, family: "paligemma", path: scratch(path))
      ]
    }
    #expect(bundle.assets(.tokenizer).map(\.byteCount) == [4930])
    let missing = error {
      try convert([pali], to: scratch("c")) {
        $0.assets.given = [AssetChoice.Given(role: .statistics, family: nil, path: scratch("no"))]
      }
    }
    #expect(missing?.code.rawValue == "file.not-found")
    #expect(!(try scratch.entries.contains("c")))
  }

  @Test func theLinksOfAHuggingFaceCacheAreFollowed() throws {
    let pali = try paligemma()
    try scratch.makeFolder("models--x/blobs")
    try scratch.makeFolder("models--x/snapshots/1")
    for name in try ScratchFolder.names(in: pali) {
      try scratch.write(scratch.bytes(of: "pali/" + name), to: "models--x/blobs/" + name)
      try scratch.link("models--x/snapshots/1/" + name, to: "../../blobs/" + name)
    }
    let cached = try convert([scratch("models--x/snapshots/1")], to: scratch("b"))
    let plain = try convert([pali], to: scratch("c"))
    #expect(cached.root == plain.root)
    #expect(cached.assets.count == 6)
  }

  @Test func noOutputReplacesAnAsset() throws {
    let statistics = try FixtureFolder.bytes("statistics/lerobot-8-5.json")
    let given = try scratch.write(statistics, to: "stats.json")
    let refusal = error {
      try convert([paligemma()], to: given) {
        $0.overwrite = true
        $0.assets.given = [AssetChoice.Given(role: .statistics, family: nil, path: given)]
      }
    }
    #expect(refusal?.code.rawValue == "output.is-input")
    #expect(try scratch.bytes(of: "stats.json") == statistics)
  }

  @Test func aFileThatChangesAfterThePlanIsNoticed() throws {
    let library = try Library.get()
    let source = try ImportedSource(path: paligemma(), library: library)
    let conversion = try Conversion(
      sources: [source], options: ConversionOptions(recipe: .preset(.source)), library: library)
    #expect(conversion.assets.count == 6)
    let handle = try FileHandle(
      forWritingTo: URL(fileURLWithPath: scratch("pali/tokenizer.model")))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([1]))
    try handle.close()
    let refusal = error { _ = try conversion.write(to: scratch("b")) }
    #expect(refusal?.code.rawValue == "file.changed")
    #expect(!(try scratch.entries.contains("b")))
  }

  @Test func assetsThatNoSourceHasAreSaidToBeSo() throws {
    let pali = try paligemma()
    let bundle = try convert([pali], to: scratch("b"))
    let bare = try compare(bundle, against: [FixtureCheckpoint("paligemma/hf-hub").path])
    #expect(bare.assets.allSatisfy { $0.outcome == .notFound })
    #expect(bare.isEqual)
    var bytes = try scratch.bytes(of: "pali/tokenizer.model")
    bytes[1000] ^= 1
    try scratch.write(bytes, to: "pali/tokenizer.model")
    try scratch.write(
      try scratch.bytes(of: "pali/tokenizer.json") + [0x20], to: "pali/tokenizer.json")
    let changed = try compare(bundle, against: [pali])
    #expect(!changed.isEqual)
    #expect(changed.differences.isEmpty)
    let outcomes = Dictionary(
      changed.assets.map { ($0.asset.fileName, $0.outcome) }, uniquingKeysWith: { a, _ in a })
    #expect(outcomes["tokenizer.model"] == .different(firstByte: 1000))
    #expect(outcomes["tokenizer.json"] == .different(firstByte: bundle.assets[3].byteCount))
    #expect(outcomes["added_tokens.json"] == .equal)
  }

  @Test func diffNamesTheAssetsThatDiffer() throws {
    let pali = try paligemma()
    try convert([pali], to: scratch("a"))
    try scratch.write("{}", to: "pali/added_tokens.json")
    try scratch.write(
      FixtureFolder.bytes("statistics/openpi-8-5.json"), to: "pali/norm_stats.json")
    try FileManager.default.removeItem(atPath: scratch("pali/tokenizer_config.json"))
    try convert([pali], to: scratch("b"))
    let difference = try Difference.compare(
      scratch("a"), scratch("b"), library: Library.get(), settings: Configuration(), threads: 1)
    #expect(difference.differing.isEmpty)
    #expect(difference.assets?.count == 7)
    #expect(
      difference.differingAssets.map { "\($0.name) \($0.outcome.rawValue)" } == [
        "paligemma.added_tokens.json other-bytes",
        "paligemma.tokenizer_config.json only-in-first",
        "paligemma.norm_stats.json only-in-second",
      ])
  }
}
