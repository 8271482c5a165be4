import DVLAHashing
public import DVLAJSON
import DVLAKernels
import DVLAParity
import DVLAPipelines
import DVLATensors

/// What `parity` found as a JSON document, which `JSONOutput.md` describes.
public struct ParityDocument {
  private let check: ParityCheck
  /// The file the tolerances are from; nil for the built-in ones.
  private let tolerances: String?

  public init(_ check: ParityCheck, tolerances: String?) {
    self.check = check
    self.tolerances = tolerances
  }

  public var json: JSONValue {
    [
      "path": .string(check.subject.path),
      "family": .string(check.subject.family),
      "root": check.subject.root.map { .string($0) } ?? .null,
      "precision_class": .string(check.precision.rawValue),
      "products": check.products.json,
      "tolerances": tolerances.map { .string($0) } ?? .null,
      "passed": .bool(check.passed),
      "processor": .string(Processors.description),
      "goldens": .array(zip(check.comparisons, check.goldenHashes).map(json)),
      "skipped": .array(
        check.skipped.map { ["path": .string($0.path), "reason": .string($0.reason)] }),
      "unseen": .array(
        check.subject.unusedTensors.map {
          ["name": .string($0.name.string), "reason": .string($0.reason)]
        }),
    ]
  }

  private func json(_ comparison: GoldenComparison, _ hash: Digest) -> JSONValue {
    let golden = comparison.golden
    return [
      "path": .string(golden.path), "sha256": .string(hash.hex),
      "own_recording": .bool(check.isOwnRecording(comparison)),
      "kind": golden.isOfPreprocessing ? "preprocessing" : "activations",
      "metadata": .object(JSONObject(golden.metadata.map { ($0.key, .string($0.value)) })),
      "passed": .bool(comparison.passed),
      "first_failure": comparison.firstFailure.map { .string($0.name) } ?? .null,
      "rounded_inputs": .array(comparison.rounded.map { .string($0) }),
      "unread": .array(golden.unread.map { .string($0.string) }),
      "stages": .array(comparison.stages.map(Self.json)),
    ]
  }

  private static func json(_ stage: StageComparison) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("name", .string(stage.name)), ("shape", json(stage.shape.dimensions)),
      ("reference", .string(stage.reference.rawValue)), ("outcome", .string(word(stage.outcome))),
      ("limits", json(stage.limits)),
    ]
    switch stage.outcome {
    case .compared(let errors, _): members += self.members(errors)
    case .otherShape(let shape): members.append(("found_shape", json(shape.dimensions)))
    case .nonFinite(let element): members.append(("at", json(element)))
    case .notShown, .repeated: break
    }
    return .object(JSONObject(members))
  }

  private static func word(_ outcome: StageComparison.Outcome) -> String {
    switch outcome {
    case .compared(_, let exceeded): exceeded.isEmpty ? "within" : "exceeded"
    case .otherShape: "other-shape"
    case .nonFinite: "non-finite"
    case .notShown: "not-shown"
    case .repeated: "repeated"
    }
  }

  private static func members(_ errors: StageErrors) -> [(String, JSONValue)] {
    var members: [(String, JSONValue)] = [
      ("elements", .integer(Int64(errors.count))),
      ("max_abs", number(errors.maximumAbsolute)), ("of_maximum", number(errors.ofMaximum)),
      ("relative_rms", number(errors.relativeRMS)), ("cosine", errors.cosine.map(number) ?? .null),
      ("sqnr_db", errors.signalToNoiseRatio.map(number) ?? .null),
      ("maximum", number(errors.maximumRecorded)), ("worst", json(errors.worst)),
    ]
    if let upstream = errors.upstream {
      members.append(
        (
          "upstream_f32",
          [
            "max_abs": number(upstream.maximumAbsolute),
            "relative_rms": number(upstream.relativeRMS),
            "ratio": upstream.ratio.map(number) ?? .null,
          ]
        ))
    }
    return members
  }

  private static func json(_ limits: StageLimits) -> JSONValue {
    let members: [(String, Double?)] = [
      ("of_maximum", limits.ofMaximum), ("relative_rms", limits.relativeRMS),
      ("max_abs", limits.absolute),
    ]
    return .object(
      JSONObject(
        members.compactMap { name, value in value.map { (name, .number($0)) } }))
  }

  private static func json(_ element: StageErrors.Element) -> JSONValue {
    [
      "index": json(element.index), "ours": number(Double(element.ours)),
      "recorded": number(element.recorded),
    ]
  }

  private static func json(_ integers: [Int]) -> JSONValue {
    .array(integers.map { .integer(Int64($0)) })
  }

  /// JSON has no number for NaN and the infinities: they are words.
  private static func number(_ value: Double) -> JSONValue {
    value.isNaN ? "nan" : value.isFinite ? .number(value) : .string("\(value)")
  }
}
