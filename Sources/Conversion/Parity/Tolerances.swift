public import DVLADiagnostics
import DVLAEmbeddedManifests
import DVLAFamilies
public import DVLAJSON
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
    return try inFile("Manifests/" + path) { () throws(WeightsError) in
      try Tolerances(json: try StrictJSON.parse(EmbeddedManifests.text(path) ?? ""))
    }
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

extension Tolerances {
  /// Reads the form that `Goldens.md` describes.
  ///
  /// - Throws: `json.type`, `json.missing-key` and `json.unknown-key`; `tolerance` for an unknown
  ///   family or processor, a pattern that is not well formed, a limit that is not above 0 and a
  ///   reason without words.
  public init(json: JSONValue) throws(WeightsError) {
    let root = try JSONReader(json).object(
      allowing: ["schema", "about", "classes", "preprocessing"])
    _ = try root.required("schema").integer(in: 1...1)
    _ = try root.optional("about")?.string()
    let classes = try root.required("classes").object(
      allowing: Set(PrecisionClass.allCases.map(\.rawValue)))
    var rules: [PrecisionClass: [Rule]] = [:]
    for precision in PrecisionClass.allCases {
      var list: [Rule] = []
      for reader in try classes.required(precision.rawValue).array() {
        list.append(try Rule(reader))
      }
      rules[precision] = list
    }
    self.rules = rules
    var imageRules: [ImageRule] = []
    for reader in try root.required("preprocessing").array() {
      imageRules.append(try ImageRule(reader))
    }
    self.imageRules = imageRules
  }
}

extension Tolerances.Rule {
  fileprivate init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: [
      "family", "stage", "of_maximum", "relative_rms", "why",
    ])
    let family = try object.required("family")
    let name = try family.string()
    guard name == "*" || Family(rawValue: name) != nil else {
      throw family.failure(
        .tolerance,
        "expected \"*\" or one of \(Family.list(Family.allCases.sorted { $0.rawValue < $1.rawValue })), found "
          + name.quoted)
    }
    self.family = name == "*" ? nil : name
    let stage = try object.required("stage")
    do throws(WeightsError) { self.stage = try DottedPattern(stage.string()) } catch {
      guard error.code == .namePattern else { throw error }
      throw stage.failure(.tolerance, error.message)
    }
    limits = StageLimits(
      ofMaximum: try object.required("of_maximum").fraction(),
      relativeRMS: try object.required("relative_rms").fraction(),
      why: try object.required("why").reason())
  }
}

extension Tolerances.ImageRule {
  fileprivate init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: ["processor", "backend", "max_abs", "why"])
    let processor = try object.required("processor")
    let known = FamilyTraits.processors
    guard known.contains(try processor.string()) else {
      throw processor.failure(
        .tolerance,
        "expected one of \(known.sorted().joined(separator: ", ")), found "
          + (try processor.string().quoted))
    }
    self.processor = try processor.string()
    let backend = try object.required("backend")
    guard ["pil", "torchvision"].contains(try backend.string()) else {
      throw backend.failure(
        .tolerance, "expected pil or torchvision, found \(try backend.string().quoted)")
    }
    self.backend = try backend.string()
    limits = StageLimits(
      absolute: try object.required("max_abs").limit(), why: try object.required("why").reason())
  }
}

extension JSONReader {
  fileprivate func limit() throws(WeightsError) -> Double {
    let value = try number()
    guard value > 0, value.isFinite else {
      throw failure(.tolerance, "expected a finite number above 0, found \(value)")
    }
    return value
  }

  /// A limit that a stage of zeros does not keep.
  fileprivate func fraction() throws(WeightsError) -> Double {
    let value = try limit()
    guard value < 1 else {
      throw failure(
        .tolerance, "expected a limit below 1 (a stage of zeros has the error 1), found \(value)")
    }
    return value
  }

  fileprivate func reason() throws(WeightsError) -> String {
    let text = try string()
    guard text.contains(where: \.isLetter) else {
      throw failure(
        .tolerance,
        "expected a reason, such as the measurement it comes from, found \(text.quoted)")
    }
    return text
  }
}

extension WeightsError.Code {
  /// A tolerance that is not well formed.
  public static let tolerance = Self("tolerance")
  /// No tolerance covers a recorded stage.
  public static let toleranceMissing = Self("tolerance.missing")
}
