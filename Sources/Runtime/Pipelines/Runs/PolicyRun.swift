public import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
import DVLAFiles
public import DVLAHashing
public import DVLAImages
public import DVLAModels
import DVLANormalization
public import DVLATensorMath
public import DVLATensors

/// One observation that a DepthVLA or pi0 bundle acted on: the result of ``PolicyRunner``.
public struct PolicyRun: Sendable {
  public struct Camera: Sendable {
    public let path: String
    public let size: PixelSize
    /// The least and greatest depth; nil where it was not computed.
    public let range: ClosedRange<Float>?
    /// The files written of its depth, in the order of the outputs asked for.
    public let outputs: [String]

    public init(path: String, size: PixelSize, range: ClosedRange<Float>?, outputs: [String] = []) {
      (self.path, self.size, self.range, self.outputs) = (path, size, range, outputs)
    }
  }

  /// Where the noise came from.
  public enum Noise: Sendable {
    case seed(UInt64)
    case file(String)
    /// A program gave it, [horizon, action width].
    case given(Tensor)
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

  /// Where the time outside of the chunk went, in seconds.
  public struct Timing: Sendable {
    /// Opening the bundle, its tokenizer and statistics, and as much of the weights as is loaded
    /// before the forward pass.
    public var load = 0.0
    /// Reading pictures and state.
    public var read = 0.0
    public var write = 0.0
    /// From the beginning to the chunk.
    public var firstAction = 0.0

    public init() {}
  }
}

extension PolicyRun {
  /// A run on an observation in memory.
  ///
  /// - Parameters:
  ///   - policy: what acted.
  ///   - bundle: the bundle that the policy is from.
  ///   - sampling: with what it acted.
  public init(
    _ chunk: ActionChunk, of policy: RobotPolicy, from bundle: WeightBundle, cameras: [Camera],
    noise: Noise, sampling: SamplingOptions, timing: Timing = Timing()
  ) {
    root = bundle.root
    family = bundle.documents.family
    products = policy.products
    steps = sampling.steps ?? policy.configuration.action.steps
    pattern = sampling.pattern ?? policy.configuration.pattern
    self.chunk = chunk
    self.cameras = cameras
    self.noise = noise
    self.timing = timing
  }
}

/// Acts on an observation in files with a DepthVLA or pi0 bundle, and writes the results to files.
///
/// A program that has pictures and states in memory uses ``RobotPolicy`` instead.
public struct PolicyRunner: Sendable {
  /// The observation.
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

  /// Where the results are written; by default nowhere.
  public struct Outputs: Sendable {
    /// A file for the chunk as JSON: ``ActionDocument``.
    public var actions: String?
    /// The forms of the depth maps.
    public var depth: [DepthOutput]

    public init(actions: String? = nil, depth: [DepthOutput] = []) {
      self.actions = actions
      self.depth = depth
    }
  }

  public struct Options: Sendable {
    public var noise = PolicyRun.Noise.seed(0)
    public var sampling = SamplingOptions()
    public var usesDepth = true
    /// How products with the weights are computed; nil: as parity checks compute them.
    public var products: ProductPrecision?
    /// Files that replace the bundle's own.
    public var tokenizer: String?
    public var statistics: String?
    /// Loads all weights before the forward pass begins.
    public var loadsFirst = false
    public var overwrite = false
    public var threads = 1
    /// When the wait for the first action began.
    public var start = ContinuousClock.now

    public init() {}
  }

  private let bundle: WeightBundle
  private let options: Options
  private let computesDepth: Bool

  /// Prepares runs of a bundle. Nothing is read or written yet.
  public init(_ bundle: WeightBundle, options: Options = Options()) {
    self.bundle = bundle
    self.options = options
    computesDepth = Family.hasDepthExpert(bundle.documents.family) && options.usesDepth
  }

  /// Loads the policy, acts on the observation and writes the results.
  ///
  /// Each output appears whole or not at all, and none before all of them are complete.
  ///
  /// - Parameter progress: called after each part of the forward pass with how many are done, and
  ///   of how many.
  /// - Throws: `run.no-depth` for depth outputs of a policy without depth; `run.same-output`,
  ///   `output.is-input`; `state.*`, `noise.*`, `image.*`; as ``RobotPolicy``; what reading the
  ///   bundle and writing throw.
  public func run(
    on observation: Observation, writing outputs: Outputs = Outputs(),
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(WeightsError) -> PolicyRun {
    let inputs = RunInputs(cameras: observation.images)
    let targets = try targets(outputs, inputs, state: observation.state)
    defer { targets.discard() }

    var timing = PolicyRun.Timing()
    let policy = try load()
    defer { policy.end() }
    timing.load = (ContinuousClock.now - options.start) / .seconds(1)

    try policy.check(imageCount: observation.images.count)
    let (pictures, state) = try timed(&timing.read) { () throws(WeightsError) in
      try read(observation)
    }
    let noise = try noise(for: policy)
    let chunk = try act(
      policy, on: pictures, observation, state: state, noise: noise, progress: progress)
    timing.firstAction = (ContinuousClock.now - options.start) / .seconds(1)

    let cameras = try timed(&timing.write) { () throws(WeightsError) in
      try write(chunk.depth, of: pictures, inputs, to: targets)
    }
    let run = PolicyRun(
      chunk, of: policy, from: bundle, cameras: cameras, noise: options.noise,
      sampling: options.sampling, timing: timing)
    if outputs.actions != nil { try targets.write(document: ActionDocument(run).text) }
    try targets.commit()
    return run
  }

  private func targets(
    _ outputs: Outputs, _ inputs: RunInputs, state: String
  ) throws(WeightsError) -> RunOutputs {
    guard outputs.depth.isEmpty || computesDepth else {
      throw WeightsError(
        .runNoDepth, .usage, file: bundle.path,
        "computes no depth" + (options.usesDepth ? "" : " without its depth expert")
          + ", so a depth map cannot be written")
    }
    var files = [bundle.path, state]
    files += [options.tokenizer, options.statistics].compactMap(\.self)
    if case .file(let path) = options.noise { files.append(path) }
    return try RunOutputs(
      outputs.depth, document: outputs.actions, for: inputs, files: files,
      overwrite: options.overwrite)
  }

  private func load() throws(WeightsError) -> RobotPolicy {
    func contents(
      _ path: String?
    ) throws(WeightsError) -> (contents: [UInt8], name: String)? {
      guard let path else { return nil }
      return (try readWholeFile(path: path, limit: BundleLayout.assetByteCount), path)
    }
    let assets = try PolicyAssets(
      bundle, tokenizer: try contents(options.tokenizer),
      statistics: try contents(options.statistics))
    return try RobotPolicy(
      bundle, assets: assets, usesDepth: options.usesDepth, products: options.products,
      loading: options.loadsFirst ? .first : .streaming(threads: options.threads),
      on: Compute(threads: options.threads))
  }

  private func read(
    _ observation: Observation
  ) throws(WeightsError) -> (pictures: [RGBImage], state: [Double]) {
    var pictures: [RGBImage] = []
    for path in observation.images { pictures.append(try ImageFile.read(path: path)) }
    return (pictures, try StateFile.read(path: observation.state))
  }

  private func noise(for policy: RobotPolicy) throws(WeightsError) -> Tensor {
    let action = policy.configuration.action
    return switch options.noise {
    case .seed(let seed): policy.noise(seed: seed)
    case .file(let path):
      try NoiseFile.read(path: path, shape: [action.horizon, action.actionDim])
    case .given(let noise): noise
    }
  }

  private func act(
    _ policy: RobotPolicy, on pictures: [RGBImage], _ observation: Observation, state: [Double],
    noise: Tensor, progress: (_ done: Int, _ total: Int) -> Void
  ) throws(WeightsError) -> ActionChunk {
    var sampling = options.sampling
    sampling.wantsDepth = computesDepth
    let total = policy.partCount(sampling)
    var done = 0
    do throws(WeightsError) {
      return try policy.act(
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
  }

  private func write(
    _ depth: [DepthMap], of pictures: [RGBImage], _ inputs: RunInputs, to targets: RunOutputs
  ) throws(WeightsError) -> [PolicyRun.Camera] {
    var cameras: [PolicyRun.Camera] = []
    for (index, input) in inputs.images.enumerated() {
      let depth = depth.isEmpty ? nil : depth[index]
      let paths = try depth.map { (depth) throws(WeightsError) in
        try targets.write(depth, stem: input.stem)
      }
      cameras.append(
        PolicyRun.Camera(
          path: input.path, size: pictures[index].size,
          range: depth.map { $0.minimum...$0.maximum }, outputs: paths ?? []))
    }
    return cameras
  }
}

extension WeightsError.Code {
  /// Depth is asked of a policy that computes none.
  public static let runNoDepth = Self("run.no-depth")
}
