import DVLADiagnostics
public import DVLAJSON
import DVLATensors

extension BudgetLimit {
  static let stepCounts = 1...65536

  /// - Throws: `json.type`, `json.missing-key`, `json.unknown-key`, `budget.*`.
  init(json: JSONReader) throws(WeightsError) {
    let object = try json.object(
      allowing: [
        "measure", "statistic", "percentile", "at_most", "at_least", "dimension", "steps", "match",
        "why",
      ])
    let measure = try Self.measure(object.required("measure"))
    let statistic = try Self.statistic(object)
    let bound = try Self.bound(of: measure, object)
    for key in ["dimension", "steps"] where !measure.isOfDimensions {
      guard let reader = object.optional(key) else { continue }
      throw reader.failure(
        .budgetScope,
        "\(measure.rawValue.quoted) is one number of all dimensions and steps; expected no "
          + key.quoted)
    }
    if let reader = object.optional("match"), !measure.isOfNames {
      throw reader.failure(
        .budgetScope,
        "\(measure.rawValue.quoted) is not of stages or weights; expected no \"match\"")
    }
    self.init(
      measure, statistic, bound: bound,
      dimension: try object.optional("dimension")?.integer(in: Budget.dimensions),
      steps: try object.optional("steps")?.integer(in: Self.stepCounts),
      pattern: try object.optional("match").map { (reader) throws(WeightsError) in
        try Self.pattern(reader)
      },
      why: try object.optional("why")?.string())
  }

  private static func measure(_ reader: JSONReader) throws(WeightsError) -> Measure {
    let name = try reader.string()
    guard let measure = Measure(rawValue: name) else {
      let known = Measure.allCases.map(\.rawValue).joined(separator: ", ")
      throw reader.failure(.budgetMeasure, "expected one of \(known), found \(name.quoted)")
    }
    return measure
  }

  private static func statistic(_ object: JSONObjectReader) throws(WeightsError) -> Statistic {
    let reader = try object.required("statistic")
    let name = try reader.string()
    let percentile = object.optional("percentile")
    switch name {
    case "percentile":
      let reader = try object.required("percentile")
      let value = try reader.number()
      guard 0...100 ~= value else {
        throw reader.failure(.budgetPercentile, "expected 0 to 100, found \(value.words)")
      }
      // Zero has a sign, which must not make another document of it.
      return .percentile(value + 0)
    case "mean", "worst":
      if let percentile {
        throw percentile.failure(
          .budgetPercentile,
          "only goes with the statistic \"percentile\", found \(name.quoted)")
      }
      return name == "mean" ? .mean : .worst
    default:
      throw reader.failure(
        .budgetStatistic, "expected \"mean\", \"worst\" or \"percentile\", found \(name.quoted)")
    }
  }

  private static func bound(
    of measure: Measure, _ object: JSONObjectReader
  ) throws(WeightsError) -> Double {
    let other = measure.isLargerBetter ? "at_most" : "at_least"
    if let reader = object.optional(other) {
      throw reader.failure(
        .budgetBound,
        "of \(measure.rawValue.quoted) \(measure.isLargerBetter ? "more" : "less") is better; "
          + "expected \(measure.boundKey.quoted) in place of \(other.quoted)")
    }
    let reader = try object.required(measure.boundKey)
    let bound = try reader.number()
    guard measure.range.contains(bound) else {
      throw reader.failure(
        .budgetBound,
        "\(measure.rawValue.quoted) is \(measure.range.words); found the limit \(bound.words)")
    }
    return bound + 0
  }

  private static func pattern(_ reader: JSONReader) throws(WeightsError) -> DottedPattern {
    do throws(WeightsError) { return try DottedPattern(reader.string()) } catch {
      guard error.code == .namePattern else { throw error }
      throw reader.failure(.budgetPattern, error.message)
    }
  }

  public var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("measure", .string(measure.rawValue)), ("statistic", .string(statistic.name)),
    ]
    if case .percentile(let value) = statistic { members.append(("percentile", .number(value))) }
    members.append((measure.boundKey, .number(bound)))
    if let dimension { members.append(("dimension", .integer(Int64(dimension)))) }
    if let steps { members.append(("steps", .integer(Int64(steps)))) }
    if let pattern { members.append(("match", .string(pattern.text))) }
    if let why { members.append(("why", .string(why))) }
    return .object(JSONObject(members))
  }
}

extension BudgetLimit.Statistic {
  var name: String {
    switch self {
    case .mean: "mean"
    case .worst: "worst"
    case .percentile: "percentile"
    }
  }
}
