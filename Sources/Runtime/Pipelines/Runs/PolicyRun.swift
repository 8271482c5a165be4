public import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
import DVLAFiles
public import DVLAHashing
public import DVLAImages
public import DVLAModels
import DVLANormalization
public import DVLATensorMath
import DVLATensors

/// One observation acted on by a bundle of DepthVLA or pi0.
public struct PolicyRun: Sendable {
  public struct Camera: Sendable {
    public let path: String
    public let size: PixelSize
    /// The least and greatest depth; nil where it was not computed.
    public let range: ClosedRange<Float>?
    /// The files made of its depth, in the order of the outputs asked for.
    public let outputs: [String]
  }

  /// What the noise was drawn from.
  public enum Noise: Sendable {
    case seed(UInt64)
    case file(String)
  }

  public let root: Digest
  public let family: String
  /// How products with the weights were computed.
  public let products: ProductChoice
  public let chunk: ActionChunk
  public let cameras: [Camera]
  public let noise: Noise
  public let steps: Int
  public let pattern: AttentionPattern
  public let timing: Timing

  /// Where the time went outside of the chunk, in seconds.
  public struct Timing: Sendable {
    /// Opening the bundle, its tokenizer and statistics, and as much of the weights as is loaded
    /// before the forward.
    public var load = 0.0
    /// Reading pictures and state.
    public var read = 0.0
    public var write = 0.0
    /// From the beginning to the chunk.
    public var firstAction = 0.0
  }
}

extension PolicyRun {
  /// What the robot sees and is told.
  public struct Observation: Sendable {
    /// A picture of each camera, in the order of training.
    public var images: [String]
    public var instruction: String
    /// A file with the state.
    public var state: String

    public init(images: [String], instruction: String, state: String) {
      self.images = images
      self.instruction = instruction
      self.state = state
    }
  }

  public struct Options: Sendable {
    public var noise = Noise.seed(0)
    public var sampling = SamplingOptions()
    public var usesDepth = true
    /// How products with the weights are computed; nil as `parity` does it.
    public var products: ProductPrecision?
    /// Files that take the place of the bundle's own.
    public var tokenizer: String?
    public var statistics: String?
    /// Loads all weights before the forward begins.
    public var loadsFirst = false
    public var overwrite = false
    public var threads = 1
    /// When the wait for the first action began.
    public var start = ContinuousClock.now

    public init() {}
  }

  /// Each output appears whole or not at all, and none before all of them were made.
  ///
  /// - Parameters:
  ///   - actions: a file for the chunk as JSON.
  ///   - outputs: forms of the depth maps.
  ///   - describe: the JSON document of a chunk.
  ///   - progress: called after each part of the forward with how many are done, and of how many.
  /// - Throws: `run.no-depth` for depth outputs of a policy without depth; `run.same-output`,
  ///   `output.is-input`; `state.*`, `noise.*`, `image.*`; as ``RobotPolicy``; what opening and
  ///   writing throw.
  public init(
    _ bundle: WeightBundle, _ observation: Observation, actions: String?, outputs: [DepthOutput],
    options: Options, describe: (PolicyRun) -> String,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(WeightsError) {
    var timing = Timing()
    let hasDepth = Family.hasDepthExpert(bundle.documents.family) && options.usesDepth
    guard outputs.isEmpty || hasDepth else {
      throw WeightsError(
        .runNoDepth, .usage, file: bundle.path,
        "computes no depth" + (options.usesDepth ? "" : " without its depth expert")
          + ", so a depth map cannot be written")
    }
    let inputs = RunInputs(cameras: observation.images)
    var files = [bundle.path, observation.state]
    files += [options.tokenizer, options.statistics].compactMap(\.self)
    if case .file(let path) = options.noise { files.append(path) }
    let targets = try RunOutputs(
      outputs, document: actions, for: inputs, files: files, overwrite: options.overwrite)
    defer { targets.discard() }

    let assets = try PolicyAssets(
      bundle, tokenizer: try Self.contents(options.tokenizer),
      statistics: try Self.contents(options.statistics))
    let policy = try RobotPolicy(
      bundle, assets: assets, usesDepth: options.usesDepth, products: options.products,
      loading: options.loadsFirst ? .first : .streaming(threads: options.threads),
      on: Compute(threads: options.threads))
    defer { policy.end() }
    timing.load = (ContinuousClock.now - options.start) / .seconds(1)
    try policy.check(imageCount: observation.images.count)
    var pictures: [RGBImage] = []
    var state: [Double] = []
    try timed(&timing.read) { () throws(WeightsError) in
      for path in observation.images { pictures.append(try ImageFile.read(path: path)) }
      state = try StateFile.read(path: observation.state)
    }
    let action = policy.configuration.action
    let noise: Tensor =
      switch options.noise {
      case .seed(let seed): policy.noise(seed: seed)
      case .file(let path):
        try NoiseFile.read(path: path, shape: [action.horizon, action.actionDim])
      }
    var sampling = options.sampling
    sampling.wantsDepth = hasDepth
    let total = policy.partCount(sampling)
    var done = 0
    let chunk: ActionChunk
    do throws(WeightsError) {
      chunk = try policy.act(
        on: pictures, instruction: observation.instruction, state: state, noise: noise,
        options: sampling
      ) { _ in
        done += 1
        progress(done, total)
      }
    } catch {
      let ofState: [WeightsError.Code] = [.policyStateWidth, .policyNotFinite, .statisticsOverflow]
      throw ofState.contains(error.code) ? error.inFile(observation.state) : error
    }
    timing.firstAction = (ContinuousClock.now - options.start) / .seconds(1)

    var cameras: [Camera] = []
    try timed(&timing.write) { () throws(WeightsError) in
      for (index, input) in inputs.images.enumerated() {
        let depth = chunk.depth.isEmpty ? nil : chunk.depth[index]
        let paths = try depth.map { (depth) throws(WeightsError) in
          try targets.write(depth, stem: input.stem)
        }
        cameras.append(
          Camera(
            path: input.path, size: pictures[index].size,
            range: depth.map { $0.minimum...$0.maximum }, outputs: paths ?? []))
      }
    }
    root = bundle.root
    family = bundle.documents.family
    products = policy.products
    self.chunk = chunk
    self.cameras = cameras
    self.noise = options.noise
    steps = sampling.steps ?? action.steps
    pattern = sampling.pattern ?? policy.configuration.pattern
    self.timing = timing
    if actions != nil { try targets.write(document: describe(self)) }
    try targets.commit()
  }

  private static func contents(
    _ path: String?
  ) throws(WeightsError) -> (contents: [UInt8], name: String)? {
    guard let path else { return nil }
    return (try readWholeFile(path: path, limit: BundleLayout.assetByteCount), path)
  }
}

extension WeightsError.Code {
  /// Depth is asked of a policy that computes none.
  public static let runNoDepth = Self("run.no-depth")
}
