import DVLADiagnostics
import DVLAJSON

// What in a statement must follow from something else in it.
extension GateStatement {
  /// - Parameter predicate: for the path of what is wrong.
  /// - Throws: `gate.contradiction`.
  func checkConsistency(
    of predicate: JSONObjectReader, verdict: Bool
  ) throws(WeightsError) {
    let count = observations.count
    guard count >= budget.leastObservations else {
      throw Self.contradiction(
        try predicate.required("observations"),
        "\(count) observations give no verdict: the budget asks for at least "
          + "\(budget.leastObservations)")
    }
    let passed = try predicate.required("passed")
    guard verdict == self.passed else {
      let broken = judgements.count { !$0.passed }
      throw Self.contradiction(
        passed,
        "states that the bundle \(verdict ? "passed" : "failed"), but \(broken) of "
          + "\(judgements.count) limits are broken")
    }
  }

  /// - Throws: `gate.contradiction`.
  static func check(
    _ judgement: Judgement, at reader: JSONReader
  ) throws(WeightsError) {
    let limit = judgement.limit
    let range = limit.measure.range
    for value in [judgement.found, judgement.interval?.low, judgement.interval?.high] {
      guard let value, !range.contains(value) else { continue }
      throw contradiction(
        reader,
        "\(limit.measure.rawValue.quoted) is \(range.words), found \(value.words)")
    }
    let isOfSamples = limit.measure.subject != "weight"
    switch (limit.statistic, judgement.interval) {
    case (.mean, let interval?):
      guard interval.low > interval.high else { return }
      throw contradiction(
        reader,
        "expected an interval, found one from \(interval.low.words) to \(interval.high.words)")
    case (.mean, nil):
      guard isOfSamples else { return }
      throw contradiction(
        reader, "a mean is judged by the end of its interval, which is not there")
    case (.worst, nil), (.percentile, nil): return
    case (.worst, _?), (.percentile, _?):
      throw contradiction(reader, "only a mean has an interval")
    }
  }

  static func contradiction(_ reader: JSONReader, _ message: String) -> WeightsError {
    var error = reader.failure(.gateContradiction, message)
    error.kind = .checkFailed
    return error
  }
}
