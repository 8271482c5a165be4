/// How far the actions of a chunk are from the reference's, by dimension.
public struct ActionDrift: Sendable, Hashable {
  /// In the robot's units.
  public var maximum: [Double] = []
  public var rms: [Double] = []
  /// The standard deviation of each dimension; 0 where it has none.
  public var deviations: [Double] = []
  /// By gripper of the budget.
  public var flips: [Int] = []
  /// The root mean square over dimensions of |c - r| / deviation, for each action of the chunk.
  public var alongChunk: [Double] = []
  /// mean |action - demonstration| in standard deviations, of both.
  public var demonstrationL1: (reference: Double, candidate: Double)? {
    get { l1.map { ($0.reference, $0.candidate) } }
    set { l1 = newValue.map { Pair(reference: $0.reference, candidate: $0.candidate) } }
  }
  /// The flow-matching loss on the demonstrated actions, of both.
  public var flowLoss: (reference: Double, candidate: Double)? {
    get { flow.map { ($0.reference, $0.candidate) } }
    set { flow = newValue.map { Pair(reference: $0.reference, candidate: $0.candidate) } }
  }

  private struct Pair: Hashable { var reference, candidate: Double }
  private var l1: Pair?
  private var flow: Pair?

  public init() {}
}

/// How far a depth map is from the reference's.
public struct DepthDrift: Sendable, Hashable {
  public var absRel = 0.0
  public var rmse = 0.0
  public var silog = 0.0
  public var delta = 1.0
  /// Nil where the reference has no edge.
  public var edgeAbsRel: Double?
  public var edgeBreaks: Double?

  public init() {}
}

/// How far a stage is from the reference's, over all samples.
public struct StageDrift: Sendable, Hashable {
  /// As goldens name it, such as `vlm.layer.3`.
  public let name: String
  /// In dB; nil where nothing differs.
  public var meanSQNR: Double?
  public var worstSQNR: Double?
  public var worstCosine: Double

  public init(name: String, meanSQNR: Double?, worstSQNR: Double?, worstCosine: Double) {
    self.name = name
    self.meanSQNR = meanSQNR
    self.worstSQNR = worstSQNR
    self.worstCosine = worstCosine
  }
}

/// How far the weights of a tensor are from the reference's.
public struct WeightDrift: Sendable, Hashable {
  public let name: String
  /// As it is stored, such as `I8 [4096, 2048], per channel`.
  public let stored: String
  /// In dB; nil where nothing differs.
  public var sqnr: Double?
  /// sum c r / sum r^2.
  public var gain: Double
  public var maximumAbsolute: Double

  public init(name: String, stored: String, sqnr: Double?, gain: Double, maximumAbsolute: Double) {
    self.name = name
    self.stored = stored
    self.sqnr = sqnr
    self.gain = gain
    self.maximumAbsolute = maximumAbsolute
  }
}
