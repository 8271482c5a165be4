public import DVLADiagnostics
import DVLAJSON
import DVLAManifests
public import DVLATensors

/// How far each stage of each family may stray, by precision class: ordered rules, of which the
/// first that matches counts. A stage without a rule is an error, never a pass.
///
/// The file is `Manifests/tolerances.json`; `Goldens.md` describes it.
public struct Tolerances: Sendable {
  struct Rule: Sendable {
    /// Nil for every family.
    let family: String?
    let stage: DottedPattern
    let limits: StageLimits
  }

  struct ImageRule: Sendable {
    let processor: String
    let backend: String
    let limits: StageLimits
  }

  let rules: [PrecisionClass: [Rule]]
  let imageRules: [ImageRule]

  /// The tolerances that were compiled in.
  ///
  /// - Throws: as ``init(json:)``.
  public static func embedded() throws(WeightsError) -> Tolerances {
    let path = "tolerances.json"
    do throws(WeightsError) {
      return try Tolerances(json: try StrictJSON.parse(EmbeddedManifests.text(path) ?? ""))
    } catch { throw error.inFile("Manifests/" + path) }
  }

  /// The limits of a stage.
  ///
  /// - Throws: `tolerance.missing`.
  public func limits(
    of stage: String, family: String, precision: PrecisionClass
  ) throws(WeightsError) -> StageLimits {
    let name = TensorName(stage)
    let rule = rules[precision]?.first {
      ($0.family == nil || $0.family == family) && $0.stage.matches(name)
    }
    guard let rule else {
      throw WeightsError(
        .toleranceMissing, tensor: stage,
        "no tolerance of class \(precision.rawValue) covers this stage of \(family)")
    }
    return rule.limits
  }

  /// The limits of what an image processor makes.
  ///
  /// - Throws: `tolerance.missing`.
  public func limits(of image: ProcessedImage) throws(WeightsError) -> StageLimits {
    let rule = imageRules.first {
      $0.processor == image.processor && $0.backend == image.backend
    }
    guard let rule else {
      throw WeightsError(
        .toleranceMissing, tensor: image.name,
        "no tolerance covers the processor \(image.processor.quoted) with \(image.backend.quoted)")
    }
    return rule.limits
  }
}
