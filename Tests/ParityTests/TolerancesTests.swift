import DVLADiagnostics
import DVLAJSON
import DVLAParity
import DVLATensors
import DVLATestSupport
import Testing

/// The tolerance file is read strictly, and the built-in one covers what there is.
struct TolerancesTests {
  static func document(
    rules: String = "", images: String = "", schema: String = "1", more: String = ""
  ) -> String {
    """
    {"schema": \(schema), "classes": {"f32": [\(rules)], "bf16": [], "int8": []},
     "preprocessing": [\(images)]\(more)}
    """
  }

  static func rule(
    family: String = "*", stage: String = "**", ofMaximum: String = "1e-3",
    rms: String = "1e-4", why: String = "measured"
  ) -> String {
    """
    {"family": "\(family)", "stage": "\(stage)", "of_maximum": \(ofMaximum),
     "relative_rms": \(rms), "why": "\(why)"}
    """
  }

  @Test func theFirstRuleThatMatchesCounts() throws {
    let rules = [
      Self.rule(family: "dinov2", stage: "layer.{i}", ofMaximum: "0.1"),
      Self.rule(stage: "layer.*", ofMaximum: "0.2"),
      Self.rule(family: "dinov2", ofMaximum: "0.3"),
    ].joined(separator: ",")
    let tolerances = try Tolerances(json: StrictJSON.parse(Self.document(rules: rules)))
    func limit(_ stage: String, _ family: String = "dinov2") throws -> Double? {
      try tolerances.limits(of: stage, family: family, precision: .f32).ofMaximum
    }
    #expect(try limit("layer.12") == 0.1)
    #expect(try limit("layer.x") == 0.2)
    #expect(try limit("layer.12.mlp") == 0.3)
    #expect(try limit("layer.12", "pi0") == 0.2)
    let missing = failure { try limit("layer.12.mlp", "pi0") }
    #expect(missing?.code == .toleranceMissing && missing?.tensor == "layer.12.mlp")
    #expect(
      failure { try tolerances.limits(of: "layer.0", family: "dinov2", precision: .bf16) }?.code
        == .toleranceMissing)
  }

  @Test(arguments: [
    (document(schema: "2"), WeightsError.Code.jsonType),
    (document(more: ", \"extra\": 1"), .jsonUnknownKey),
    (#"{"schema": 1, "classes": {"f32": [], "bf16": []}, "preprocessing": []}"#, .jsonMissingKey),
    (
      #"{"schema": 1, "classes": {"f32": [], "bf16": [], "int8": [], "int4": []}, "preprocessing": []}"#,
      .jsonUnknownKey
    ),
    (document(rules: rule(family: "dino")), .tolerance),
    (document(rules: rule(stage: "a.**.b")), .tolerance),
    (document(rules: rule(stage: "")), .tolerance),
    (document(rules: rule(ofMaximum: "0")), .tolerance),
    (document(rules: rule(ofMaximum: "1")), .tolerance),
    (document(rules: rule(rms: "1")), .tolerance),
    (
      document(
        images: #"{"processor": "dpt", "backend": "pli", "max_abs": 1, "why": "w"}"#), .tolerance
    ),
    (document(rules: rule(rms: "-1e-4")), .tolerance),
    (document(rules: rule(rms: "\"1e-4\"")), .jsonType),
    (document(rules: rule(rms: "null")), .jsonType),
    (document(rules: rule(rms: "1e999")), .jsonNumberRange),
    (document(rules: rule(why: "")), .tolerance), (document(rules: rule(why: " 1")), .tolerance),
    (
      document(
        rules: #"{"family": "*", "stage": "**", "of_maximum": 0.1, "rms": 0.1, "why": "w"}"#),
      .jsonUnknownKey
    ),
    (
      document(rules: #"{"family": "*", "stage": "**", "of_maximum": 0.1, "why": "w"}"#),
      .jsonMissingKey
    ),
    (
      document(
        images: #"{"processor": "clip", "backend": "pil", "max_abs": 1, "why": "w"}"#), .tolerance
    ),
  ])
  func anythingElseIsRefused(text: String, code: WeightsError.Code) throws {
    let error = failure { try Tolerances(json: StrictJSON.parse(text)) }
    #expect(error?.code == code, "\(String(describing: error))")
    #expect(error?.kind == .malformed)
  }

  @Test(arguments: PrecisionClass.allCases)
  func theBuiltInFileCoversEveryStageThatFixturesRecord(precision: PrecisionClass) throws {
    let tolerances = try Tolerances.embedded()
    var count = 0
    for name in FixtureFolder.names(in: "goldens", suffix: ".safetensors") {
      let golden = try Golden(path: FixtureFolder.path("goldens/" + name))
      // Files without a family are no goldens of activations.
      guard let family = golden.family else { continue }
      for stage in golden.stages {
        let limits = try tolerances.limits(of: stage.name, family: family, precision: precision)
        let ofMaximum = try #require(limits.ofMaximum)
        // Half of a stage's maximum hides whatever went wrong.
        #expect(ofMaximum <= 0.55, "\(name) \(stage.name)")
        #expect(try #require(limits.relativeRMS) <= 0.45, "\(name) \(stage.name)")
        count += 1
      }
    }
    #expect(count > 250)
  }

  @Test func losslessWeightsHaveTheLimitsOfTheContract() throws {
    let limits = try Tolerances.embedded().limits(
      of: "action.layer.3", family: "depthvla", precision: .f32)
    #expect(limits.ofMaximum == 5e-5 && limits.relativeRMS == 1e-5)
  }
}
