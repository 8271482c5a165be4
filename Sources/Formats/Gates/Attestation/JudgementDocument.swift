import DVLADiagnostics
import DVLAJSON

// A judgement in a statement: the limit again, what was found, and whether it holds.
extension Judgement {
  var json: JSONValue {
    // The limit without the reason, which the budget has.
    var members =
      BudgetLimit(
        limit.measure, limit.statistic, bound: limit.bound, dimension: limit.dimension,
        steps: limit.steps, pattern: limit.pattern
      ).json.object?.members.map { ($0.key, $0.value) } ?? []
    members.append(("found", Self.json(found)))
    if let interval {
      members.append(("interval", .array([Self.json(interval.low), Self.json(interval.high)])))
    }
    members += [
      ("samples", .integer(Int64(sampleCount))), ("place", .string(place)),
      ("passed", .bool(passed)),
    ]
    return .object(JSONObject(members))
  }

  /// JSON has no infinity, which is the ratio of a signal to no noise.
  private static func json(_ value: Double) -> JSONValue {
    value.isFinite ? .number(value) : .string(value.words)
  }

  /// - Parameter limit: of the budget, which the judgement must repeat.
  /// - Throws: `json.*`, `gate.statement`, `gate.contradiction`.
  init(json reader: JSONReader, of limit: BudgetLimit) throws(WeightsError) {
    let object = try reader.object()
    var stated: [(String, JSONValue)] = []
    var own: [String: JSONReader] = [:]
    for (key, member) in object.members {
      switch key {
      case "found", "interval", "samples", "place", "passed": own[key] = member
      default: stated.append((key, member.value))
      }
    }
    let repeated = try BudgetLimit(
      json: JSONReader(.object(JSONObject(stated)), path: reader.path))
    guard repeated.hasSubject(of: limit), repeated.bound == limit.bound, repeated.why == nil else {
      throw GateStatement.contradiction(
        reader,
        "judges \(repeated.description.quoted), but the limit of the budget is "
          + limit.description.quoted)
    }
    let interval = try own["interval"].map { (reader) throws(WeightsError) in
      let ends = try reader.array()
      guard ends.count == 2 else {
        throw reader.failure(.gateStatement, "expected two numbers, found \(ends.count)")
      }
      return Interval(low: try Self.number(ends[0]), high: try Self.number(ends[1]))
    }
    self.init(
      limit: limit, found: try Self.number(object.required("found")), interval: interval,
      sampleCount: try object.required("samples").integer(in: GateStatement.counts),
      place: try object.required("place").string())
    let verdict = try object.required("passed")
    guard try verdict.bool() == passed else {
      throw GateStatement.contradiction(
        verdict,
        "\(limit.description.quoted) \(passed ? "holds" : "is broken") with \(judged.words), but "
          + "\(try verdict.bool()) is stated")
    }
  }

  private static func number(_ reader: JSONReader) throws(WeightsError) -> Double {
    switch reader.value.string {
    case Double.infinity.words?: .infinity
    case (-Double.infinity).words?: -.infinity
    case _?, nil: try reader.number()
    }
  }
}
