public import DVLAGates
public import DVLAHashing
public import DVLASigning

/// What a gate could have found of a bundle, for tests of who believes it.
public struct SampleGate: Sendable {
  public var subject: GateStatement.Subject
  public var budget: Budget
  /// The worst gain error, which is limited to 0.002.
  public var gain = 0.001
  public var observations = GateStatement.Observations(
    digest: SHA256.hash(Array("observations".utf8)), count: 8, seedCount: 2)

  /// - Parameters:
  ///   - root: of the bundle that it is about.
  ///   - fileHash: of all its bytes.
  public init(root: Digest, fileHash: Digest, name: String = "robot.dvla.safetensors") throws {
    subject = GateStatement.Subject(name: name, fileHash: fileHash, root: root)
    budget = try Budget(contents: Array(Self.budgetText.utf8))
  }

  /// A mean with its interval, a percentile, and a worst value, of less and of more being better.
  public static let budgetText = """
    {"schema": 1, "observations": {"at_least": 8},
     "grippers": [{"dimension": 6, "threshold": 0.5}],
     "limits": [
       {"measure": "weight.gain_error", "statistic": "worst", "at_most": 0.002,
        "why": "A scale that is off by 1 % is found."},
       {"measure": "action.rms_of_std", "statistic": "mean", "at_most": 0.05, "steps": 10},
       {"measure": "action.gripper_flips", "statistic": "percentile", "percentile": 95,
        "at_most": 1},
       {"measure": "depth.delta_1_25", "statistic": "mean", "at_least": 0.98},
       {"measure": "stage.sqnr_db", "statistic": "worst", "at_least": 12, "match": "vlm.**"}]}
    """

  public var judgements: [Judgement] {
    let intervals: [Judgement.Interval?] = [
      nil, Judgement.Interval(low: 0.025, high: 0.035), nil,
      Judgement.Interval(low: 0.99, high: 1), nil,
    ]
    let found = zip([gain, 0.03, 1, 0.995, .infinity], intervals)
    return zip(budget.limits, found).map { limit, found in
      Judgement(
        limit: limit, found: found.0, interval: found.1, sampleCount: 16,
        place: "vlm.layers.3.mlp.up_proj.weight")
    }
  }

  public func statement() throws -> GateStatement {
    try GateStatement(
      subject: subject, budget: budget, judgements: judgements,
      reference: GateStatement.Reference(
        name: "float.dvla.safetensors", family: "depthvla", root: SHA256.hash([1]),
        files: [GateStatement.File(name: "float.dvla.safetensors", sha256: SHA256.hash([2]))]),
      observations: observations,
      goldens: [GateStatement.File(name: "depthvla.safetensors", sha256: SHA256.hash([3]))],
      products: "as stored", tool: "depthvla 0.1.0")
  }

  /// The file, signed with a key.
  public func file(by key: PrivateKey) throws -> [UInt8] {
    try GateFile(statement(), by: key).bytes
  }
}
