public import DVLADiagnostics
public import DVLAJSON
import DVLATensors

extension Recipe {
  /// Most rules: each may be tried with every tensor.
  public static let maximumRuleCount = 1024

  /// Reads the form that ``Recipe`` describes.
  ///
  /// - Throws: `json.type`, `json.missing-key` and `json.unknown-key`; `recipe.pattern`;
  ///   `recipe.precision` for an unknown precision, group or scale, or for a group or scale
  ///   without `int8`; `recipe.too-large` for more rules than ``maximumRuleCount``.
  public init(json: JSONValue) throws(WeightsError) {
    let root = try JSONReader(json).object(allowing: ["schema", "rules"])
    _ = try root.required("schema").integer(in: 1...1)
    var rules: [Rule] = []
    let list = try root.required("rules")
    let items = try list.array()
    guard items.count <= Self.maximumRuleCount else {
      throw list.failure(
        .recipeTooLarge, "expected at most \(Self.maximumRuleCount) rules, found \(items.count)")
    }
    for reader in items {
      let object = try reader.object(
        allowing: ["match", "rank", "precision", "group", "scale"])
      rules.append(
        Rule(
          pattern: try Self.pattern(object.required("match")),
          rank: try object.optional("rank")?.integer(in: 0...64),
          precision: try Self.precision(object)))
    }
    self.init(rules: rules)
  }

  /// The form that ``Recipe`` describes, without what is the default.
  public var json: JSONValue {
    ["schema": 1, "rules": .array(rules.map(Self.encode))]
  }

  private static func pattern(_ reader: JSONReader) throws(WeightsError) -> DottedPattern {
    do throws(WeightsError) {
      return try DottedPattern(reader.string())
    } catch  where error.code == .namePattern {
      throw reader.failure(.recipePattern, error.message)
    }
  }

  private static func precision(
    _ object: JSONObjectReader
  ) throws(WeightsError) -> TensorPrecision {
    let reader = try object.required("precision")
    guard let precision = Precision(rawValue: try reader.string()) else {
      let known = Precision.allCases.map { $0.rawValue.quoted }.joined(separator: ", ")
      throw reader.failure(
        .recipePrecision, "expected one of \(known), found \(try reader.string().quoted)")
    }
    for key in ["group", "scale"] where precision != .int8 {
      guard let detail = object.optional(key) else { continue }
      throw detail.failure(
        .recipePrecision,
        "expected \(key.quoted) only with the precision \"int8\", found it with "
          + precision.rawValue.quoted)
    }
    switch precision {
    case .source: return .source
    case .f32: return .f32
    case .bf16: return .bf16
    case .int8: return .int8(try scheme(object))
    }
  }

  private static func scheme(_ object: JSONObjectReader) throws(WeightsError) -> Int8Scheme {
    var scheme = Int8Scheme()
    if let reader = object.optional("group") {
      guard let size = Int8Scheme.GroupSize(rawValue: try reader.integer()) else {
        throw reader.failure(
          .recipePrecision, "expected a group of 32, 64 or 128, found \(try reader.integer())")
      }
      scheme.granularity = .group(size)
    }
    if let reader = object.optional("scale") {
      guard let scale = Int8Scheme.Scale(rawValue: try reader.string()) else {
        let known = Int8Scheme.Scale.allCases.map { $0.rawValue.quoted }
        throw reader.failure(
          .recipePrecision,
          "expected \(known.joined(separator: " or ")), found \(try reader.string().quoted)")
      }
      scheme.scale = scale
    }
    return scheme
  }

  private static func encode(_ rule: Rule) -> JSONValue {
    var members: [(String, JSONValue)] = [("match", .string(rule.pattern.text))]
    if let rank = rule.rank { members.append(("rank", .integer(Int64(rank)))) }
    members.append(("precision", .string(rule.precision.precision.rawValue)))
    if case .int8(let scheme) = rule.precision {
      if case .group(let size) = scheme.granularity {
        members.append(("group", .integer(Int64(size.rawValue))))
      }
      if scheme.scale != .absoluteMaximum {
        members.append(("scale", .string(scheme.scale.rawValue)))
      }
    }
    return .object(JSONObject(members))
  }
}
