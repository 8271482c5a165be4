public import DVLADrift
public import DVLAGates
public import DVLAImages
public import DVLATensors

/// Everything that a gate found.
public struct GateReport: Sendable {
  /// One of the two models.
  public struct Subject: Sendable {
    public let path: String
    public let family: String
    /// In hexadecimal; nil for checkpoints.
    public let root: String?
    public let sha256: String?
    public let byteCount: Int
    /// What conversion cost the weights: `lossless`, `BF16` or `INT8`.
    public let precision: String
    /// In words: how products are computed.
    public let products: String
    /// Fingerprint of the key that signed it, and the release.
    public let signature: (key: String, release: Int?)?
    /// The files that it was made from, with their SHA-256 in hexadecimal.
    public let sources: [(path: String, sha256: String)]
    /// The version that made it.
    public let tool: String?
    /// Measured, so different in each run: opening and loading, and the first action of the first
    /// observation with it.
    public let seconds: (load: Double, firstAction: Double)?
  }

  /// One observation run from one noise.
  public struct Sample: Sendable {
    /// Of the observations, from 0.
    public let observation: Int
    /// 0 is the recorded noise.
    public let seed: Int
    /// H actions in the robot's units.
    public let reference: [[Double]]
    public let candidate: [[Double]]
    public let demonstrated: [[Double]]?
    public let drift: ActionDrift
    /// mean |action - demonstrated| in standard deviations; nil without demonstrated actions.
    public let demonstrationL1: ModelPair?
    /// The flow-matching loss on the demonstrated actions; nil where it cannot be computed.
    public let flowLoss: ModelPair?
  }

  /// A number of both models.
  public struct ModelPair: Sendable, Hashable {
    public let reference: Double
    public let candidate: Double

    public init(reference: Double, candidate: Double) {
      self.reference = reference
      self.candidate = candidate
    }

    /// Nil where either is.
    init?(_ reference: Double?, _ candidate: Double?) {
      guard let reference, let candidate else { return nil }
      self.init(reference: reference, candidate: candidate)
    }
  }

  /// One depth map.
  public struct DepthSample: Sendable {
    public let observation: Int
    public let camera: String
    public let picture: RGBImage
    /// [H, W].
    public let reference: Tensor
    public let candidate: Tensor
    public let drift: DepthDrift
  }

  /// Something beside the numbers that explains a drift.
  public struct Cause: Sendable, Hashable {
    /// One sentence, such as `The statistics of actions are others.`
    public let headline: String
    /// What to do about it; nil where nothing is known.
    public let remedy: String?
    public init(_ headline: String, remedy: String? = nil) {
      self.headline = headline
      self.remedy = remedy
    }
  }

  public let candidate: Subject
  public let reference: Subject
  /// As it was judged: without ``inapplicable``.
  public let budget: Budget
  /// The file, or `built in`.
  public let budgetPath: String
  public let budgetDigest: String
  /// Folder, digest in hexadecimal, and the names and instructions of the files.
  public let observationsPath: String
  /// Nil without observations.
  public let observationsDigest: String?
  public let observations: [(file: String, instruction: String)]
  public let seedCount: Int
  /// Where the standard deviations are from, in words.
  public let deviationOrigin: String

  /// In the order of the budget.
  public let judgements: [Judgement]
  /// Limits on depth, where the models compute none.
  public let inapplicable: [BudgetLimit]
  /// The likeliest first.
  public let causes: [Cause]
  /// By observation, then seed.
  public let samples: [Sample]
  /// The worst by absolute relative error first; not all that were measured.
  public let depth: [DepthSample]
  /// In the order of the forward.
  public let stages: [StageDrift]
  /// The first stage that drifts far more than the one before it.
  public let firstDrift: String?
  /// Of every depth map that was measured, by observation, then camera.
  public let depthDrifts: [(observation: Int, camera: String, drift: DepthDrift)]
  /// All tensors that differ, the worst first.
  public let weights: [WeightDrift]
  /// Tensors that are equal bit for bit.
  public let equalTensorCount: Int
  /// Goldens that were run, with the SHA-256 of each in hexadecimal.
  public let goldens: [(path: String, sha256: String)]

  public var passed: Bool { !judgements.isEmpty && judgements.allSatisfy(\.passed) }
}
