public import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
public import DVLAImages
public import DVLAModels
import DVLANormalization
import DVLAParallelism
import DVLARandomNumbers
public import DVLATensorMath
public import DVLATensors
import DVLATokenization

/// DepthVLA or pi0 with the processing around it: from pictures, an instruction and a state to
/// actions and depth.
///
/// Layers are unpacked in the background, in the order of the forward, which begins at once and
/// waits for what it needs. Every byte is checked before it is used.
public final class RobotPolicy: Sendable {
  public let configuration: DepthVLAConfiguration
  /// How products with the weights are computed.
  public let products: ProductChoice
  /// The text tokens a prompt may have.
  public var tokenLimit: Int { assets.processing.tokenLimit(settings.tokenLimit) }
  /// The networks.
  public let model: DepthVLA
  private let settings: PolicySettings
  private let promptStyle: PaliGemmaPrompt.Style
  let images: CameraImages
  private let assets: PolicyAssets
  let units: PolicyUnits
  /// The threads that it computes on.
  public let compute: Compute
  private let loader: TaskQueue?
  let bundlePath: String
  private let memory = TokenMemory()

  /// When layers are unpacked.
  public enum Loading: Sendable {
    /// All before the first forward.
    case first
    /// Those of some parts before the first forward, those of the others by each forward anew.
    case only(DepthVLA.KeptLayers)
    /// Behind the forward, on that many threads of their own.
    case streaming(threads: Int)

    fileprivate var kept: DepthVLA.KeptLayers {
      switch self {
      case .first, .streaming: .all
      case .only(let kept): kept
      }
    }
  }

  /// - Parameters:
  ///   - bundle: of a family that acts: depthvla or pi0.
  ///   - given: the files beside the weights; by default the bundle's own.
  ///   - usesDepth: false leaves the depth expert out, of which nothing is read then.
  ///   - requested: how products with the weights are computed; by default as `parity` does it
  ///     (``ProductChoice``).
  /// - Throws: `policy.family`, `policy.no-depth`, `compute.memory`, `model.configuration`,
  ///   `model.tensor-*`, `statistics.*`; what reading throws.
  public convenience init(
    _ bundle: WeightBundle, assets given: PolicyAssets? = nil, usesDepth: Bool = true,
    products requested: ProductPrecision? = nil, loading: Loading = .streaming(threads: 2),
    on compute: Compute
  ) throws(WeightsError) {
    try self.init(
      bundle, weights: bundle,
      precision: { () throws(WeightsError) in try bundle.precisionClass() },
      assets: given, usesDepth: usesDepth, products: requested, loading: loading, on: compute)
  }

  /// A policy whose weights are not, or not yet, in a bundle.
  ///
  /// - Parameters:
  ///   - bundle: the configuration, and the files beside the weights.
  ///   - weights: all tensors of the layout.
  ///   - precision: how much precision the weights lost.
  ///   - recorder: is shown the inputs of the layers.
  /// - Throws: as ``init(_:assets:usesDepth:products:loading:on:)``.
  public init(
    _ bundle: any AssetSource, weights: any TensorSource,
    precision: () throws(WeightsError) -> PrecisionClass, assets given: PolicyAssets? = nil,
    usesDepth: Bool = true, products requested: ProductPrecision? = nil,
    recordingTo recorder: InputRecorder? = nil, loading: Loading = .first, on compute: Compute
  ) throws(WeightsError) {
    let family = bundle.family
    let hasDepthExpert = Family.hasDepthExpert(family)
    guard Family.isPolicy(family) else {
      throw WeightsError(
        .policyFamily, .usage, file: bundle.path,
        "expected a policy (\(Family.list(Family.policies))), found \(family.quoted)")
    }
    guard usesDepth || hasDepthExpert else {
      throw WeightsError(
        .policyNoDepth, .usage, file: bundle.path,
        "the depth expert can only be disabled for \(Family.depthvla.rawValue); this is \(family)")
    }
    try compute.checkMemory()
    let assets = if let given { given } else { try PolicyAssets(bundle) }
    self.compute = compute
    self.assets = assets
    promptStyle = PaliGemmaPrompt.Style(family: family, assets.processing)
    bundlePath = bundle.path
    let loader: TaskQueue? =
      switch loading {
      case .first, .only: nil
      case .streaming(let threads): TaskQueue(threads: threads)
      }
    do throws(WeightsError) {
      let products = ProductChoice(
        requested, for: try precision(), tensors: weights.tensors)
      self.products = products
      configuration = try DepthVLAConfiguration(
        try ConfigurationReader(bundle.configuration),
        hasDepth: usesDepth && hasDepthExpert)
      try Self.checkChannels(configuration)
      settings = try PolicySettings(bundle.configuration, configuration)
      images = try CameraImages(settings, configuration, assets)
      units = try PolicyUnits(assets, settings, configuration.action)
      model = try DepthVLA(
        configuration,
        weights: WeightScope(
          weights, products: products, on: compute, recordingTo: recorder,
          layers: loader.map { .streaming(on: $0) } ?? .first),
        keeping: loading.kept)
    } catch {
      loader?.cancel()
      throw error.inFile(bundle.path)
    }
    loader?.close()
    self.loader = loader
  }

  deinit { loader?.cancel() }

  /// Makes everything that a policy needs but the weights, from a configuration and the files
  /// beside it, to find errors early.
  ///
  /// - Returns: what the policy can be given and gives.
  /// - Throws: as ``init(_:assets:usesDepth:products:loading:on:)``.
  public static func rehearse(_ source: any AssetSource) throws(WeightsError) -> PolicyLimits {
    try inFile(source.path) { () throws(WeightsError) -> PolicyLimits in
      let configuration = try DepthVLAConfiguration(
        try ConfigurationReader(source.configuration),
        hasDepth: Family.hasDepthExpert(source.family))
      try checkChannels(configuration)
      let settings = try PolicySettings(source.configuration, configuration)
      let assets = try PolicyAssets(
        source, tokenizer: nil, statistics: nil, readsTokenizer: false)
      return PolicyLimits(
        try CameraImages(settings, configuration, assets),
        try PolicyUnits(assets, settings, configuration.action))
    }
  }

  /// Checks that the encoders expect pictures with three channels.
  private static func checkChannels(_ c: DepthVLAConfiguration) throws(WeightsError) {
    for (name, channels) in [
      ("vision", c.vision.channels), ("encoder", c.depth?.encoder.channels ?? 3),
    ] where channels != 3 {
      throw WeightsError(
        .modelConfiguration,
        "expected a model of pictures with 3 channels, found \(name).num_channels \(channels)")
    }
  }

  /// What an observation can have, and how wide its actions are.
  public var limits: PolicyLimits { PolicyLimits(images, units) }

  /// Ends what is still being unpacked, and waits for it. A call of `act` that needs it gets
  /// `task.cancelled`.
  public func end() { loader?.cancel() }

  /// The noise that a chunk of actions starts from: [horizon, actionDim], the same for a seed on
  /// every machine.
  public func noise(seed: UInt64) -> Tensor {
    GaussianNoise(seed: seed).tensor(noiseShape)
  }

  /// The prompt's tokens: openpi's for pi0, those of PaliGemma's processor for DepthVLA. Those of
  /// the last 16 instructions are kept.
  ///
  /// - Throws: `policy.no-tokenizer`; `prompt.*`, `tokenizer.*`.
  public func tokens(of instruction: String) throws(WeightsError) -> [Int] {
    try memory.tokens(of: instruction) { (instruction) throws(WeightsError) in
      try tokenized(instruction)
    }
  }

  private func tokenized(_ instruction: String) throws(WeightsError) -> [Int] {
    guard let tokenizer = assets.tokenizer else {
      throw WeightsError(
        .policyNoTokenizer, .notFound, file: bundlePath,
        "the bundle has no tokenizer", remedies: [.giveAsset(.tokenizer)])
    }
    let prompt = PaliGemmaPrompt(
      tokenizer, style: promptStyle, tokenLimit: tokenLimit,
      overflow: assets.processing.overflow)
    let ids = try prompt.tokens(instruction)
    if let id = ids.first(where: { $0 >= configuration.vocabularySize }) {
      throw WeightsError(
        .policyAssets, file: assets.tokenizerPlace,
        "this tokenizer belongs to another model: it gives the id \(id), but the vocabulary has "
          + "\(configuration.vocabularySize) entries; give the model's own tokenizer")
    }
    return ids
  }

  /// A robot's state as ``act(on:instruction:state:noise:options:finished:proceed:)`` takes it.
  /// Where neither statistics nor documents say how wide states are, nor which library the policy
  /// is of, a narrower one is filled up with zeros as openpi fills up (`transforms.pad_to_dim`).
  /// Any other is returned as it is, for `act` to take or to refuse.
  public func filledState(_ state: [Double]) -> [Double] { units.filledState(state) }

  /// Checks how many pictures there are, before any is read.
  ///
  /// - Throws: `policy.no-image`, `policy.image-count`.
  public func check(imageCount count: Int) throws(WeightsError) {
    guard count > 0 else {
      throw WeightsError(.policyNoImage, .usage, "expected a picture of at least one camera")
    }
    guard count <= images.limit else {
      throw WeightsError(
        .policyImageCount, .usage,
        "expected pictures of at most \(images.limit) cameras, found \(count)")
    }
  }

  /// How often ``act(on:instruction:state:noise:options:finished:proceed:)`` calls `finished`: once
  /// for each part of the forward pass.
  public func partCount(_ options: SamplingOptions) -> Int {
    let pattern = options.pattern ?? configuration.pattern
    let encoders = configuration.depth == nil ? 1 : 2
    return (pattern == .block ? 2 * encoders : encoders)
      + (options.steps ?? configuration.action.steps)
  }

  /// Computes actions, and depth, for an observation.
  ///
  /// - Parameters:
  ///   - pictures: one of each camera, in the order of training. A missing camera is left out: the
  ///     model then computes as if it had been masked.
  ///   - state: in the robot's units where there are statistics, else in the model's.
  ///   - noise: [H, actionDim].
  ///   - finished: called when a part of the forward is done. What it throws ends the forward.
  ///   - proceed: called before each picture is prepared or its depth resized, and after the last
  ///     one. What it throws ends the work.
  /// - Throws: `policy.no-image`, `policy.image-count`, `policy.state-width`, `policy.not-finite`;
  ///   `statistics.*`; as ``tokens(of:)``; `image.*`, `depth.not-finite`; what loading in the
  ///   background throws.
  /// - Precondition: the noise is as wide as an action.
  public func act(
    on pictures: [RGBImage], instruction: String, state: [Double], noise: Tensor,
    options: SamplingOptions = SamplingOptions(),
    finished: (PolicyPhase) throws(WeightsError) -> Void = { _ in },
    proceed: () throws(WeightsError) -> Void = {}
  ) throws(WeightsError) -> ActionChunk {
    precondition(
      noise.shape.rank == 2 && noise.shape[1] == configuration.action.actionDim, "noise [H, A]")
    var stopwatch = Stopwatch()
    let prepared = try prepare(pictures, instruction: instruction, state: state, proceed: proceed)
    stopwatch.lap(.prepare)
    let output = try inFile(bundlePath) { () throws(WeightsError) in
      try model.sample(
        prepared.inputs, noise: noise.reshaped(Shape([1] + noise.shape.dimensions)),
        options: options, on: compute,
        finished: { (phase) throws(WeightsError) in
          stopwatch.lap(.forward(phase))
          try finished(phase)
        })
    }
    let normalized = output.actions.reshaped(noise.shape)
    let actions = try actions(normalized, for: prepared)
    return ActionChunk(
      normalized: normalized, modelState: prepared.state.tensor, actions: actions,
      stateNormalization: units.stateMethod, actionNormalization: units.actionMethod,
      tokenCount: prepared.tokenCount,
      steps: units.stateSteps(width: state.count) + promptSteps(prepared.tokenCount)
        + units.actionSteps,
      depth: try depthMaps(output.logDepth, for: prepared, proceed: proceed),
      timing: stopwatch.laps)
  }

  /// The extents of the noise and of a chunk: [horizon, actionDim].
  public var noiseShape: Shape {
    [configuration.action.horizon, configuration.action.actionDim]
  }

  /// The processing of states of that width, prompts and actions, in words, in order.
  public func steps(stateWidth: Int) -> [String] {
    units.stateSteps(width: stateWidth) + ["prompt with a newline (\(promptStyle.words))"]
      + units.actionSteps
  }

  private func promptSteps(_ count: Int) -> [String] {
    var step = "prompt of \(count) tokens with a newline (\(promptStyle.words))"
    if assets.processing.overflow == .cut, count == tokenLimit {
      step += ", cut where it is longer"
    }
    return [step]
  }
}

/// Measures the parts of the work, one after the other.
private struct Stopwatch {
  private var last = ContinuousClock.now
  private(set) var laps: [PolicyTiming] = []

  mutating func lap(_ part: PolicyTiming.Part) {
    let now = ContinuousClock.now
    laps.append(PolicyTiming(part: part, seconds: (now - last) / .seconds(1)))
    last = now
  }
}

extension WeightsError.Code {
  /// The bundle is not a policy.
  public static let policyFamily = Self("policy.family")
  /// There is no depth expert to leave out.
  public static let policyNoDepth = Self("policy.no-depth")
  /// There is no tokenizer to read an instruction with.
  public static let policyNoTokenizer = Self("policy.no-tokenizer")
  /// There is no picture to act on.
  public static let policyNoImage = Self("policy.no-image")
  /// There are more pictures than the model accepts.
  public static let policyImageCount = Self("policy.image-count")
}
