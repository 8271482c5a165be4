public import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
public import DVLAHashing
import DVLAImages
import DVLAModels
public import DVLAObservations
public import DVLATensorMath

/// A folder of recorded answers compared with what a bundle answers now: the result of
/// ``ReplayRunner``.
public struct ReplayRun: Sendable {
  public struct Observation: Sendable {
    /// The name of the file.
    public let file: String
    public let comparison: AnswerComparison
    /// The root hash of the bundle that answered then.
    public let root: Digest
    /// How products with weights of BF16 and of INT8 were computed then: `exact` or `native`.
    public let bf16, int8: String
    /// Whether they are computed otherwise now.
    public let hasOtherProducts: Bool
  }

  public let root: Digest
  public let family: String
  /// Of the folder of recordings.
  public let digest: Digest
  public let observations: [Observation]
  /// How products with the weights were computed last.
  public let products: ProductChoice
  public let timing: Timing

  /// Where the time went, in seconds.
  public struct Timing: Sendable {
    /// Opening the bundle and as much of the weights as is loaded before the first forward.
    public var load = 0.0
    /// Reading and checking files.
    public var read = 0.0
    public var act = 0.0
  }

  /// How many are equal, bit for bit.
  public var equalCount: Int { observations.count { $0.comparison.isEqual } }
  public var isEqual: Bool { equalCount == observations.count }
  /// How many were answered by another bundle, so that differences are to be expected.
  public var otherRootCount: Int { observations.count { $0.root != root } }
  /// How many were answered with products computed otherwise, likewise.
  public var otherProductsCount: Int { observations.count(where: \.hasOtherProducts) }

  /// Of a kind of part, the difference that is largest, and the observation that has it.
  public func largest(
    where isOfKind: (AnswerComparison.Part) -> Bool
  ) -> (observation: Observation, difference: AnswerComparison.Difference)? {
    var found: (observation: Observation, difference: AnswerComparison.Difference)?
    for observation in observations {
      for difference in observation.comparison.differences where isOfKind(difference.part) {
        if let found, found.difference.distance >= difference.distance { continue }
        found = (observation, difference)
      }
    }
    return found
  }
}

/// Answers a folder of recorded observations again with a DepthVLA or pi0 bundle.
public struct ReplayRunner: Sendable {
  public struct Options: Sendable {
    /// How products with the weights are computed; nil: as in the recording, where the bundle can.
    public var products: ProductPrecision?
    public var keepsPrefix = true
    /// Loads all weights before the first forward begins.
    public var loadsFirst = false
    public var threads = 1
    public var start = ContinuousClock.now

    public init() {}
  }

  private let bundle: WeightBundle
  private let options: Options

  /// Prepares to replay. Nothing is read yet.
  public init(_ bundle: WeightBundle, options: Options = Options()) {
    self.bundle = bundle
    self.options = options
  }

  /// A policy, and for which answers it can act.
  private struct Loaded {
    let policy: RobotPolicy
    let usesDepth: Bool
    let products: ProductChoice
  }

  /// Answers every observation, in the order of the index. One file is in memory at a time.
  ///
  /// - Parameter progress: called after each part of a forward with how many observations are done,
  ///   and of how many.
  /// - Throws: `replay.no-answer` for a recording without an answer, `replay.family` for one by a
  ///   policy of another family; as ``PolicyReplay``; what reading and loading throw.
  public func run(
    on folder: ObservationFolder, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(WeightsError) -> ReplayRun {
    var timing = ReplayRun.Timing()
    timing.load = (ContinuousClock.now - options.start) / .seconds(1)
    var loaded: Loaded?
    defer { loaded?.policy.end() }
    var observations: [ReplayRun.Observation] = []
    for index in folder.entries.indices {
      let observation = try timed(&timing.read) { () throws(WeightsError) in
        try folder.observation(at: index)
      }
      let path = folder.path(at: index)
      let origin = try origin(of: observation, path)
      let products = try products(of: origin)
      if let old = loaded,
        old.usesDepth != origin.usesDepthExpert || old.products != products.choice
      {
        old.policy.end()
        loaded = nil
      }
      if loaded == nil {
        loaded = try timed(&timing.load) { () throws(WeightsError) in
          Loaded(
            policy: try load(origin, products.requested), usesDepth: origin.usesDepthExpert,
            products: products.choice)
        }
      }
      guard let policy = loaded?.policy else { preconditionFailure("a policy was loaded") }
      let outcome = try timed(&timing.act) { () throws(WeightsError) in
        try inFile(path) { () throws(WeightsError) in
          try replay(policy).run(observation) { (_) throws(WeightsError) in
            progress(index, folder.entries.count)
          }
        }
      }
      guard let comparison = outcome.comparison else { preconditionFailure("there is an answer") }
      observations.append(
        ReplayRun.Observation(
          file: folder.entries[index].file, comparison: comparison, root: origin.root,
          bf16: origin.bf16, int8: origin.int8, hasOtherProducts: !products.choice.isOf(origin)))
      progress(index + 1, folder.entries.count)
    }
    guard let last = loaded else { preconditionFailure("a folder has at least one observation") }
    return ReplayRun(
      root: bundle.root, family: bundle.documents.family, digest: folder.digest,
      observations: observations, products: last.policy.products, timing: timing)
  }

  private func replay(_ policy: RobotPolicy) -> PolicyReplay {
    var replay = PolicyReplay(policy)
    replay.keepsPrefix = options.keepsPrefix
    return replay
  }

  private func origin(
    of observation: RecordedObservation, _ path: String
  ) throws(WeightsError) -> RecordedAnswer.Origin {
    guard let origin = observation.answer?.origin else {
      throw WeightsError(
        .replayNoAnswer, file: path,
        "no answer was recorded with this observation, so that there is nothing to compare with")
    }
    guard origin.family == bundle.documents.family else {
      throw WeightsError(
        .replayFamily, file: path,
        "was answered by a \(origin.family.quoted) policy; \(bundle.path) is a "
          + "\(bundle.documents.family) bundle")
    }
    return origin
  }

  /// How to ask for products so that they are computed as they were, and how they will be.
  private func products(
    of origin: RecordedAnswer.Origin
  ) throws(WeightsError) -> (requested: ProductPrecision?, choice: ProductChoice) {
    let precision = try bundle.precisionClass()
    func choice(_ requested: ProductPrecision?) -> ProductChoice {
      ProductChoice(requested, for: precision, tensors: bundle.tensors)
    }
    if let requested = options.products { return (requested, choice(requested)) }
    for requested in [nil, .exact, .native] as [ProductPrecision?]
    where choice(requested).isOf(origin) {
      return (requested, choice(requested))
    }
    return (nil, choice(nil))
  }

  private func load(
    _ origin: RecordedAnswer.Origin, _ products: ProductPrecision?
  ) throws(WeightsError) -> RobotPolicy {
    try RobotPolicy(
      bundle, usesDepth: origin.usesDepthExpert || !Family.hasDepthExpert(origin.family),
      products: products,
      loading: options.loadsFirst ? .first : .streaming(threads: options.threads),
      on: Compute(threads: options.threads))
  }
}

extension ProductChoice {
  /// Whether products were computed so for an answer.
  fileprivate func isOf(_ origin: RecordedAnswer.Origin) -> Bool {
    bf16.rawValue == origin.bf16 && int8.rawValue == origin.int8
  }
}

extension WeightsError.Code {
  /// An observation was recorded without an answer.
  public static let replayNoAnswer = Self("replay.no-answer")
  /// An answer by a policy of another family.
  public static let replayFamily = Self("replay.family")
}
