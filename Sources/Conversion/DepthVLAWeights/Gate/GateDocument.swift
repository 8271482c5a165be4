import DVLADrift
import DVLAGates
public import DVLAJSON

/// What a gate found, as `JSONOutput.md` describes it.
public struct GateDocument: Sendable {
  public let json: JSONValue

  /// Most tensors that are listed.
  private static let weightLimit = 20

  public init(_ report: GateReport) {
    var members: [(String, JSONValue)] = [
      ("passed", .bool(report.passed)),
      ("candidate", Self.json(report.candidate)),
      ("reference", Self.json(report.reference)),
      ("budget", ["path": .string(report.budgetPath), "sha256": .string(report.budgetDigest)]),
      (
        "observations",
        [
          "path": .string(report.observationsPath),
          "sha256": report.observationsDigest.map { .string($0) } ?? .null,
          "count": .integer(Int64(report.observations.count)),
        ]
      ),
      (
        "goldens",
        .array(
          report.goldens.map { ["path": .string($0.path), "sha256": .string($0.sha256)] })
      ),
      ("seeds", .integer(Int64(report.seedCount))),
      ("deviations_from", .string(report.deviationOrigin)),
      ("limits", .array(report.judgements.map(Self.json))),
      ("not_applicable", .array(report.inapplicable.map { .string($0.measure.rawValue) })),
      (
        "causes",
        .array(
          report.causes.map {
            [
              "cause": .string($0.headline), "remedy": $0.remedy.map { .string($0) } ?? .null,
            ]
          })
      ),
      ("samples", .array(report.samples.map { Self.json($0, report) })),
    ]
    members += [
      (
        "depth",
        .array(
          report.depthDrifts.map { map in
            [
              "observation": .string(report.observations[map.observation].file),
              "camera": .string(map.camera), "abs_rel": .number(map.drift.absRel),
              "rmse": .number(map.drift.rmse), "silog": .number(map.drift.silog),
              "delta_1_25": .number(map.drift.delta),
              "edge_abs_rel": map.drift.edgeAbsRel.map { .number($0) } ?? .null,
              "edge_breaks": map.drift.edgeBreaks.map { .number($0) } ?? .null,
            ]
          })
      ),
      ("stages", .array(report.stages.map(Self.json))),
      ("first_drift", report.firstDrift.map { .string($0) } ?? .null),
      (
        "weights",
        [
          "equal": .integer(Int64(report.equalTensorCount)),
          "different": .integer(Int64(report.weights.count)),
          "worst": .array(report.weights.prefix(Self.weightLimit).map(Self.json)),
        ]
      ),
    ]
    json = .object(JSONObject(members))
  }

  private static func json(_ subject: GateReport.Subject) -> JSONValue {
    [
      "path": .string(subject.path), "family": .string(subject.family),
      "root": subject.root.map { .string($0) } ?? .null,
      "sha256": subject.sha256.map { .string($0) } ?? .null,
      "bytes": .integer(Int64(subject.byteCount)), "precision": .string(subject.precision),
      "products": .string(subject.products),
      "seconds": subject.seconds.map {
        ["load": .number($0.load), "first_action": .number($0.firstAction)]
      } ?? .null,
    ]
  }

  private static func json(_ judgement: Judgement) -> JSONValue {
    let limit = judgement.limit
    var members: [(String, JSONValue)] = [
      ("limit", limit.json), ("found", .number(judgement.found)),
    ]
    if let interval = judgement.interval {
      members.append(("interval", .array([.number(interval.low), .number(interval.high)])))
    }
    members += [
      ("samples", .integer(Int64(judgement.sampleCount))), ("worst", .string(judgement.place)),
      ("passed", .bool(judgement.passed)),
    ]
    return .object(JSONObject(members))
  }

  private static func json(_ sample: GateReport.Sample, _ report: GateReport) -> JSONValue {
    func numbers(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }
    func shares(_ values: [Double?]) -> JSONValue {
      .array(values.map { $0.map { .number($0) } ?? .null })
    }
    func pair(_ pair: GateReport.ModelPair?) -> JSONValue {
      pair.map {
        ["reference": .number($0.reference), "candidate": .number($0.candidate)]
      } ?? .null
    }
    return [
      "observation": .string(report.observations[sample.observation].file),
      "seed": .integer(Int64(sample.seed)), "max": numbers(sample.drift.maximum),
      "rms": numbers(sample.drift.rms), "max_of_std": shares(sample.drift.maximumShares),
      "rms_of_std": shares(sample.drift.rmsShares),
      "gripper_flips": .array(sample.drift.flips.map { .integer(Int64($0)) }),
      "along_chunk": numbers(sample.drift.alongChunk),
      "demonstration_l1": pair(sample.demonstrationL1), "flow_loss": pair(sample.flowLoss),
    ]
  }

  private static func json(_ stage: StageDrift) -> JSONValue {
    [
      "name": .string(stage.name),
      "mean_sqnr_db": stage.meanSQNR.map { .number($0) } ?? .null,
      "worst_sqnr_db": stage.worstSQNR.map { .number($0) } ?? .null,
      "worst_cosine": .number(stage.worstCosine),
    ]
  }

  private static func json(_ weight: WeightDrift) -> JSONValue {
    [
      "name": .string(weight.name), "stored": .string(weight.stored),
      "sqnr_db": .number(weight.sqnr), "gain": .number(weight.gain),
      "max_abs": .number(weight.maximumAbsolute),
    ]
  }
}
