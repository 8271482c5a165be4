import DVLADiagnostics
public import DVLATensors

/// Which tensor of the layout is stored in which precision: ordered rules, the first that matches
/// wins. A tensor that no rule matches, or that is not of a floating-point type, stays as it is.
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
/// - `match`: a pattern over the dotted components of a layout name. `{i}` stands for a component
///   of digits, `*` for any one component, `**` at the end for one or more.
/// - `rank`: optionally, the rank a tensor must have for the rule to match.
/// - `precision`: `source`, `f32`, `bf16` or `int8`.
/// - `group`, for `int8` only: 32, 64 or 128 elements of a row share a scale; without it a whole
///   row does.
/// - `scale`, for `int8` only: `absolute_maximum`, the default, or `least_squares`.
///
/// Other keys are refused.
public struct Recipe: Hashable, Sendable {
  struct Rule: Hashable, Sendable {
    var pattern: DottedPattern
    var rank: Int?
    var precision: TensorPrecision
  }

  let rules: [Rule]

  /// The precision of a tensor.
  public func precision(for name: TensorName, shape: Shape, dtype: DType) -> TensorPrecision {
    guard dtype.isConvertibleFloat, let rule = firstRule(for: name, shape: shape) else {
      return .source
    }
    return rules[rule].precision
  }

  /// The rules that decide nothing about those tensors, since none matches or an earlier rule
  /// matches first: perhaps misspelt. Each by its place, from 0, and its pattern.
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
