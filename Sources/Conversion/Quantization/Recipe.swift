public import DVLADiagnostics
public import DVLAJSON
public import DVLATensors

/// The precision in which each tensor of the layout is stored, as ordered rules of which the first
/// that matches counts. A tensor that no rule matches, or that is not of a floating-point type, is
/// stored as it is.
///
/// As JSON:
///
///     {
///       "schema": 1,
///       "rules": [
///         {"match": "vlm.embed_tokens.weight", "precision": "bf16"},
///         {"match": "vlm.layers.{i}.mlp.*.weight", "precision": "int8", "group": 64,
///          "scale": "least_squares"},
///         {"match": "**", "rank": 2, "precision": "int8"},
///         {"match": "**", "precision": "bf16"}
///       ]
///     }
///
/// - `match`: a pattern over the dotted components of a layout name. `{i}` matches a component of
///   digits, `*` any one component, and `**` at the end one or more.
/// - `rank`, optional: the rank that a tensor must have for the rule to match.
/// - `precision`: `source`, `f32`, `bf16` or `int8`.
/// - `group`, for `int8` only: how many elements of a row share a scale: 32, 64 or 128; without it,
///   all of the row.
/// - `scale`, for `int8` only: `absolute_maximum`, the default, or `least_squares`.
/// - `rounding`, for `int8` only: `nearest`, the default, or `compensated`, for which a conversion
///   needs a calibration (``CompensationFactors``).
/// - `levels`, for compensated rounding only: the largest magnitude of a value, 15 to 127; 127 by
///   default.
///
/// - `search`, optional, beside `rules`: how `convert --budget` found them, for people. It decides
///   nothing and is not stored in bundles.
///
/// Other keys are refused.
public struct Recipe: Hashable, Sendable {
  fileprivate struct Rule: Hashable, Sendable {
    var pattern: DottedPattern
    var rank: Int?
    var precision: TensorPrecision
  }

  private let rules: [Rule]

  /// The precision of a tensor.
  public func precision(for name: TensorName, shape: Shape, dtype: DType) -> TensorPrecision {
    guard dtype.isConvertibleFloat, let rule = firstRule(for: name, shape: shape) else {
      return .source
    }
    return rules[rule].precision
  }

  /// The rules that decide about none of those tensors, perhaps since they are misspelt: none
  /// matches, or an earlier rule does. Each is described by its index, from 0, and its pattern.
  public func idleRules(_ tensors: [(name: TensorName, shape: Shape)]) -> [String] {
    let used = Set(tensors.compactMap { firstRule(for: $0.name, shape: $0.shape) })
    return rules.indices.filter { !used.contains($0) }.map {
      "\($0), \(rules[$0].pattern.text.quoted)"
    }
  }

  private func firstRule(for name: TensorName, shape: Shape) -> Int? {
    rules.firstIndex { rule in
      (rule.rank == nil || rule.rank == shape.rank) && rule.pattern.matches(name)
    }
  }
}

// MARK: Found recipes

extension Recipe {
  /// The recipe that gives single tensors a precision of their own.
  ///
  /// Tensors whose names differ in the number of a layer alone share a rule with the precision that
  /// most of them have, behind rules for the others.
  ///
  /// - Parameters:
  ///   - precisions: by tensor, in the order of the file.
  ///   - rest: of all other tensors.
  /// - Throws: `recipe.pattern` for a name that has a reserved character; `recipe.too-large`.
  public init(
    _ precisions: [(tensor: TensorName, precision: TensorPrecision)],
    otherwise rest: TensorPrecision
  ) throws(WeightsError) {
    var order: [String] = []
    var alike: [String: [(tensor: TensorName, precision: TensorPrecision)]] = [:]
    for item in precisions {
      let pattern = item.tensor.string.split(separator: ".", omittingEmptySubsequences: false)
        .map { $0.allSatisfy { ("0"..."9").contains($0) } && !$0.isEmpty ? "{i}" : String($0) }
        .joined(separator: ".")
      if alike[pattern] == nil { order.append(pattern) }
      alike[pattern, default: []].append(item)
    }
    var rules: [Rule] = []
    func rule(_ text: String, _ precision: TensorPrecision) throws(WeightsError) -> Rule {
      do throws(WeightsError) {
        return Rule(pattern: try DottedPattern(text), rank: nil, precision: precision)
      } catch { throw WeightsError(.recipePattern, tensor: text, error.message) }
    }
    for pattern in order {
      guard let items = alike[pattern], let first = items.first else { continue }
      var common = (precision: first.precision, count: 0)
      for item in items {
        let count = items.count { $0.precision == item.precision }
        if count > common.count { common = (item.precision, count) }
      }
      for item in items where item.precision != common.precision {
        rules.append(try rule(item.tensor.string, item.precision))
      }
      rules.append(try rule(pattern, common.precision))
    }
    rules.append(Self.all(rest))
    guard rules.count <= Self.maximumRuleCount else {
      throw WeightsError(
        .recipeTooLarge,
        "\(rules.count) rules are more than the \(Self.maximumRuleCount) that a recipe may have")
    }
    self.init(rules: rules)
  }
}

// MARK: Presets

extension Recipe {
  /// The recipe of a precision.
  ///
  /// `int8` quantizes the matrices of linear layers and the token embeddings, per channel by
  /// absolute maximum. Everything else is bfloat16: vectors, convolutions, position tables, CLS,
  /// mask and register tokens, and the first and last layers of the depth and action streams.
  public static func preset(_ precision: Precision) -> Recipe {
    switch precision {
    case .source: Recipe(rules: [all(.source)])
    case .f32: Recipe(rules: [all(.f32)])
    case .bf16: Recipe(rules: [all(.bf16)])
    case .int8:
      Recipe(
        rules: keptFromInt8.map { Rule(pattern: $0, rank: nil, precision: .bf16) } + [
          Rule(pattern: .everything, rank: 2, precision: .int8(Int8Scheme())), all(.bf16),
        ])
    }
  }

  private static func all(_ precision: TensorPrecision) -> Rule {
    Rule(pattern: .everything, rank: nil, precision: precision)
  }

  /// Matrices that are not weights of linear layers, and those nearest to the inputs and outputs,
  /// where errors are not averaged out.
  private static let keptFromInt8: [DottedPattern] = [
    DottedPattern(below: "vlm", "vision_tower", "embeddings"),
    DottedPattern(below: "depth", "encoder", "embeddings"),
    DottedPattern(below: "dinov2", "embeddings"),
    DottedPattern(below: "depth_anything", "backbone", "embeddings"),
    DottedPattern(below: "depth", "head"),
    DottedPattern(below: "action", "state_proj"),
    DottedPattern(below: "action", "action_in_proj"),
    DottedPattern(below: "action", "action_time_mlp_in"),
    DottedPattern(below: "action", "action_time_mlp_out"),
    DottedPattern(below: "action", "action_out_proj"),
  ]
}

// MARK: JSON

extension Recipe {
  /// The largest number of rules, each of which may be tried with every tensor.
  public static let maximumRuleCount = 1024

  /// Reads the form that ``Recipe`` describes.
  ///
  /// - Throws: `json.type`, `json.missing-key` and `json.unknown-key`; `recipe.pattern`;
  ///   `recipe.precision` for an unknown precision, group or scale, or for a group or scale
  ///   without `int8`; `recipe.too-large` for more rules than ``maximumRuleCount``.
  public init(json: JSONValue) throws(WeightsError) {
    let root = try JSONReader(json).object(allowing: ["schema", "rules", "search"])
    _ = try root.optional("search")?.object()
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
        allowing: ["match", "rank", "precision", "group", "scale", "rounding", "levels"])
      rules.append(
        Rule(
          pattern: try Self.pattern(object.required("match")),
          rank: try object.optional("rank")?.integer(in: 0...64),
          precision: try Self.precision(object)))
    }
    self.init(rules: rules)
  }

  /// Whether it rounds anything so that errors make up for each other.
  public var needsCalibration: Bool {
    rules.contains { rule in
      if case .int8(let scheme) = rule.precision { scheme.rounding == .compensated } else { false }
    }
  }

  /// The recipe in the form that ``Recipe`` describes, without defaults.
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
    for key in ["group", "scale", "rounding", "levels"] where precision != .int8 {
      guard let detail = object.optional(key) else { continue }
      throw detail.failure(
        .recipePrecision,
        "\(key.quoted) is only allowed with the precision \"int8\", found "
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
    if let reader = object.optional("rounding") {
      guard let rounding = Int8Scheme.Rounding(rawValue: try reader.string()) else {
        throw reader.failure(
          .recipePrecision,
          "expected \"nearest\" or \"compensated\", found \(try reader.string().quoted)")
      }
      scheme.rounding = rounding
    }
    if let reader = object.optional("levels") {
      guard scheme.rounding == .compensated else {
        throw reader.failure(
          .recipePrecision, "\"levels\" is only allowed with the rounding \"compensated\"")
      }
      scheme.levels = try reader.integer(in: Int8Scheme.levelRange)
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
      members += scheme.roundingMembers
    }
    return .object(JSONObject(members))
  }
}

extension Int8Scheme {
  /// What documents say of the rounding, without defaults.
  public var roundingMembers: [(String, JSONValue)] {
    var members: [(String, JSONValue)] = []
    if rounding != .nearest { members.append(("rounding", .string(rounding.rawValue))) }
    if levels != 127 { members.append(("levels", .integer(Int64(levels)))) }
    return members
  }
}

extension WeightsError.Code {
  /// A recipe's pattern is not well formed.
  public static let recipePattern = Self("recipe.pattern")
  /// A recipe's rule names an unknown precision, or has details that do not belong to it.
  public static let recipePrecision = Self("recipe.precision")
  /// A recipe has more rules than could be tried with every tensor in reasonable time.
  public static let recipeTooLarge = Self("recipe.too-large")
}
