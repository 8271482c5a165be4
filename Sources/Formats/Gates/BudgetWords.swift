import DVLATensors

extension BudgetLimit: CustomStringConvertible {
  /// In words, such as `percentile 95 of action.max, dimension 6: at most 0.1`.
  public var description: String {
    "\(subjectWords): \(measure.isLargerBetter ? "at least" : "at most") \(bound.words)"
  }

  /// What is limited, such as `worst weight.gain_error of vlm.layers.*`.
  public var subjectWords: String {
    var words =
      switch statistic {
      case .mean: "mean \(measure.rawValue)"
      case .worst: "worst \(measure.rawValue)"
      case .percentile(let value): "percentile \(value.words) of \(measure.rawValue)"
      }
    if let pattern { words += " of \(pattern.text)" }
    if let dimension { words += ", dimension \(dimension)" }
    if let steps { words += ", first \(steps) step\(steps == 1 ? "" : "s")" }
    return words
  }
}

extension Double {
  /// The shortest decimal that is this number, without the fraction of a whole one.
  var words: String {
    self == rounded() && magnitude < 1e15 ? "\(Int64(self))" : "\(self)"
  }
}

extension ClosedRange<Double> {
  var words: String {
    switch (lowerBound, upperBound) {
    case (-.infinity, .infinity): "any number"
    case (let low, .infinity): "never below \(low.words)"
    case (let low, let high): "from \(low.words) to \(high.words)"
    }
  }
}
