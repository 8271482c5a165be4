import DVLABundles
import DVLADiagnostics
import DVLAImages
import DVLAJSON
import DVLAModels
import DVLAPipelines
import DVLAQuantization
import DVLARandomNumbers
import DVLARemapping
import DVLATensorMath
import DVLATensors
import DVLATestSupport
import DepthVLAWeights

/// A tiny policy as a bundle, and what it is shown.
struct PolicyBundle {
  let scratch: ScratchFolder
  let bundle: WeightBundle
  let pictures: [RGBImage]
  let state: [Double] = (0..<11).map { 0.3 * Double($0) - 1.5 }
  let noise = GaussianNoise(seed: 5).tensor([8, 7])

  /// - Parameters:
  ///   - precision: what the weights are converted to.
  ///   - given: settings of the conversion.
  ///   - preprocessor: a file with settings of an image processor, and what is in it.
  ///   - files: assets beside the tokenizer.
  init(
    _ name: String = "depthvla/plain", precision: Precision = .source,
    setting given: [(key: String, value: String)] = [],
    preprocessor: (name: String, contents: String)? = nil,
    files: [(role: BundleAsset.Role, path: String)] = []
  ) throws {
    scratch = try ScratchFolder()
    let fixture = FixtureCheckpoint(name)
    let library = try ManifestLibrary.embedded()
    var options = ConversionOptions(recipe: .preset(precision))
    options.settings = try (fixture.settings + given).map {
      ($0.key, try StrictJSON.parse($0.value))
    }
    if ["depthvla", "pi0"].contains(fixture.family) {
      let path = FixtureFolder.path("tokenizers/tiny/tokenizer.model")
      options.assets.given = ([(.tokenizer, path)] + files).map {
        AssetChoice.Given(role: $0.0, family: fixture.family, path: $0.1)
      }
    }
    if let preprocessor {
      try scratch.write(preprocessor.contents, to: preprocessor.name)
      options.assets.given.append(
        AssetChoice.Given(role: .preprocessor, family: nil, path: scratch(preprocessor.name)))
    }
    let source = try ImportedSource(path: fixture.path, library: library)
    _ = try Conversion(sources: [source], options: options, library: library)
      .write(to: scratch("b"))
    bundle = try WeightBundle(path: scratch("b"))
    pictures = try ["grey8.png", "baseline-420.jpg"].map {
      try ImageFile.read(path: FixtureFolder.path("images/" + $0))
    }
  }

  func policy(
    usesDepth: Bool = true, products: ProductPrecision? = nil,
    _ loading: RobotPolicy.Loading = .first, threads: Int = 1
  ) throws(WeightsError) -> RobotPolicy {
    try RobotPolicy(
      bundle, assets: PolicyAssets(bundle), usesDepth: usesDepth, products: products,
      loading: loading, on: Compute(threads: threads))
  }

  func act(
    _ policy: RobotPolicy, _ instruction: String = "pick up the red cup",
    options: SamplingOptions = SamplingOptions()
  ) throws(WeightsError) -> Bits {
    let chunk = try policy.act(
      on: pictures, instruction: instruction, state: state, noise: noise, options: options)
    return Bits(chunk)
  }
}

/// The numbers of a chunk, to be compared bit for bit.
struct Bits: Equatable {
  let actions: [UInt32]
  let depth: [[UInt32]]

  init(_ chunk: ActionChunk) {
    actions = chunk.normalized.values.map(\.bitPattern)
    depth = chunk.depth.map { $0.values.values.map(\.bitPattern) }
  }
}
