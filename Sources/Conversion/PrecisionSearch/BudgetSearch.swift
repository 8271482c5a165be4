public import DVLADiagnostics

/// Finds the smallest combination of precisions that stays inside a budget.
///
/// The smallest precision of every group is tried first. If that exceeds the budget, what each
/// group causes alone is measured, combinations are predicted (``DriftModel``), and the predicted
/// one that uses the whole budget is checked. What the check finds moves the target, until a
/// combination passes and a slightly smaller one does not. The result has always been checked.
public struct BudgetSearch {
  /// What a whole forward over the observations found.
  public struct Check: Sendable, Hashable {
    /// u_l^2: the squares of the used parts of the limits.
    public let used: [Double]
    public let passed: Bool

    public init(used: [Double], passed: Bool) {
      self.used = used
      self.passed = passed
    }

    /// The largest used part of a limit.
    public var largest: Double { (used.max() ?? 0).squareRoot() }
  }

  public struct Found: Sendable {
    public let choice: SearchChoice
    /// u_l^2 as they were expected; nil where the first combination passed already.
    public let predicted: [Double]?
    public let check: Check
    /// By group and limit; empty where nothing was measured.
    public let squares: [[Double]]
    /// Combinations that were checked.
    public let checkCount: Int
  }

  private let groups: [SearchGroup]
  private let limitCount: Int
  private let measure: () throws(WeightsError) -> [[Double]]
  private let check: (SearchChoice) throws(WeightsError) -> Check?

  /// A combination that passes and uses this much of a limit leaves nothing to look for.
  private static let enough = 0.97
  /// Nor does a difference of this part of the bytes.
  private static let leastGain = 0.0025
  /// A prediction that must be as strict as that is none.
  private static let leastTarget = 1.0 / 256

  /// - Parameters:
  ///   - limitCount: of the budget.
  ///   - measure: u_l^2 by group and limit, each group alone in its smallest precision.
  ///   - check: runs a combination; nil where no more forwards may be spent. The most precise one
  ///     is always checked.
  public init(
    _ groups: [SearchGroup], limitCount: Int,
    measure: @escaping () throws(WeightsError) -> [[Double]],
    check: @escaping (SearchChoice) throws(WeightsError) -> Check?
  ) {
    self.groups = groups
    self.limitCount = limitCount
    self.measure = measure
    self.check = check
  }

  /// Where the search stands between a target that passes and one that does not.
  private struct Bracket {
    var passing: (target: Double, found: Found)?
    var failing = Double.infinity

    /// The target to try next, near the one at which a limit would just be used.
    func next(after target: Double, using largest: Double) -> Double {
      let aim = largest > 0 && largest.isFinite ? target / largest * 0.98 : target * 2
      let low = passing?.target ?? 0
      if aim > low, aim < failing { return aim }
      if low > 0, failing.isFinite { return (low * failing).squareRoot() }
      return failing.isFinite ? failing / 2 : target * 2
    }
  }

  /// - Throws: `search.impossible` where even the most precise combination exceeds the budget; what
  ///   measuring and checking throw.
  public func run() throws(WeightsError) -> Found {
    let smallest = groups.smallest
    var checked: [SearchChoice: Check] = [:]
    guard let first = try check(smallest) else { return try mostPrecise([], 0) }
    checked[smallest] = first
    if first.passed {
      return Found(choice: smallest, predicted: nil, check: first, squares: [], checkCount: 1)
    }
    let squares = try measure()
    var model = DriftModel(groups, squares: squares, limitCount: limitCount)
    model.calibrate(smallest, measured: first.used)
    var bracket = Bracket()
    var target = 1.0
    var isCalibrated = false
    while target >= Self.leastTarget {
      let choice = model.choice(using: target)
      let known = checked[choice]
      guard let result = if let known { known } else { try check(choice) } else { break }
      checked[choice] = result
      let predicted = model.used(choice)
      if result.passed {
        let found = Found(
          choice: choice, predicted: predicted, check: result, squares: squares,
          checkCount: checked.count)
        if let best = bracket.passing?.found,
          groups.byteCount(of: best.choice) <= groups.byteCount(of: choice)
        {
          bracket.passing?.target = target
        } else {
          bracket.passing = (target, found)
        }
        if result.largest >= Self.enough { break }
      } else {
        bracket.failing = target
      }
      if isFinished(bracket, model) { break }
      if !isCalibrated, bracket.passing == nil {
        // The mixture of precisions that is looked for tells more than the smallest one did.
        model.calibrate(choice, measured: result.used)
        (isCalibrated, bracket) = (true, Bracket())
        continue
      }
      target = bracket.next(after: target, using: result.largest)
    }
    if let found = bracket.passing?.found {
      return Found(
        choice: found.choice, predicted: found.predicted, check: found.check, squares: squares,
        checkCount: checked.count)
    }
    return try mostPrecise(squares, checked.count)
  }

  private func isFinished(_ bracket: Bracket, _ model: DriftModel) -> Bool {
    guard let (target, found) = bracket.passing, bracket.failing.isFinite else { return false }
    if bracket.failing / target < 1.02 { return true }
    let bytes = groups.byteCount(of: found.choice)
    let less = groups.byteCount(of: model.choice(using: bracket.failing))
    return Double(bytes - less) < Self.leastGain * Double(bytes)
  }

  private func mostPrecise(
    _ squares: [[Double]], _ count: Int
  ) throws(WeightsError) -> Found {
    let choice = groups.mostPrecise
    guard let result = try check(choice), result.passed else {
      throw WeightsError(
        .searchImpossible, .checkFailed,
        "the budget is exceeded even with the most precise weights that a search chooses from; "
          + "expected limits that these observations can keep")
    }
    return Found(
      choice: choice, predicted: nil, check: result, squares: squares, checkCount: count + 1)
  }
}

extension WeightsError.Code {
  /// No precision that a search chooses from stays inside the budget.
  public static let searchImpossible = Self("search.impossible")
}
