import DVLADiagnostics
import DVLAJSON
import DVLAModels
import DVLAParity
import DVLATensors
import DVLATestSupport

/// A model that computes what a test says.
struct ScriptedModel: Model {
  var family = "dinov2"
  var inputs = [InputDescription("x", axes: "[1]")]
  var stages: [Stage] = []
  var refusal: WeightsError?

  func run(_ inputs: ModelInputs, trace: StageTrace) throws(WeightsError) {
    if let refusal { throw refusal }
    for stage in stages {
      try trace.record(stage.name, stage.value, validRows: stage.validRows)
    }
  }
}

extension Stage {
  init(_ name: String, _ shape: Shape, _ values: [Float], validRows: [Bool]? = nil) {
    self.init(name: name, value: Tensor(values, shape: shape), validRows: validRows)
  }
}

/// The error that a piece of work throws; nil where it throws none of ours.
func failure<Result>(_ body: () throws -> Result) -> WeightsError? {
  do {
    _ = try body()
    return nil
  } catch { return error as? WeightsError }
}

extension Tolerances {
  /// The same limits for every stage.
  static func uniform(ofMaximum: Double = 1e-3, relativeRMS: Double = 1e-3) throws -> Tolerances {
    let rules = """
      [{"family": "*", "stage": "**", "of_maximum": \(ofMaximum), "relative_rms": \(relativeRMS),
        "why": "a test"}]
      """
    return try Tolerances(
      json: StrictJSON.parse(
        """
        {"schema": 1, "classes": {"f32": \(rules), "bf16": \(rules), "int8": \(rules)},
         "preprocessing": [
           {"processor": "siglip", "backend": "pil", "max_abs": 1e-6, "why": "a test"},
           {"processor": "siglip", "backend": "torchvision", "max_abs": 0.00785, "why": "a test"},
           {"processor": "dpt", "backend": "pil", "max_abs": 1e-6, "why": "a test"}]}
        """))
  }
}
