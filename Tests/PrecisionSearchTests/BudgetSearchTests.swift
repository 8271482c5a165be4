import DVLADiagnostics
import DVLAPrecisionSearch
import DVLAQuantization
import DVLATensors
import Testing

/// The search over groups whose drift is known.
struct BudgetSearchTests {
  /// A group of 1000 weights in five precisions, whose error falls fourfold from one to the next.
  static func group(_ index: Int, error: Double = 1) -> SearchGroup {
    let precisions: [TensorPrecision] = [
      .int8(Int8Scheme()), .int8(Int8Scheme(.group(.of128))), .int8(Int8Scheme(.group(.of64))),
      .int8(Int8Scheme(.group(.of32))), .bf16,
    ]
    let bytes = [1000, 1016, 1031, 1062, 1320]
    let options = precisions.indices.map { place in
      SearchOption(
        precisions[place], byteCount: bytes[place],
        error: place == 4 ? 0 : error / [1, 4, 16, 64][place])
    }
    return SearchGroup(
      name: "layers.\(index).down", kind: "down", tensors: [TensorName("layers.\(index).down")],
      options: options.reversed())
  }

  /// What groups cause in truth.
  struct Truth {
    let groups: [SearchGroup]
    /// u^2 of each group alone, by limit.
    let squares: [[Double]]
    var interaction = 1.0

    func used(_ choice: SearchChoice) -> [Double] {
      (0..<squares[0].count).map { limit in
        interaction
          * zip(groups, choice).enumerated().reduce(0) { sum, item in
            let (group, option) = item.element
            return sum + squares[item.offset][limit] * group.options[option].error
              / group.options[0].error
          }
      }
    }

    func passes(_ choice: SearchChoice) -> Bool { used(choice).allSatisfy { $0 <= 1 } }
  }

  func search(
    _ truth: Truth, allowed: Int = 100
  ) throws -> (found: BudgetSearch.Found, checks: [SearchChoice]) {
    var checks: [SearchChoice] = []
    let found = try BudgetSearch(
      truth.groups, limitCount: truth.squares[0].count,
      measure: { truth.squares },
      check: { choice in
        guard checks.count < allowed || choice == truth.groups.mostPrecise else { return nil }
        checks.append(choice)
        return BudgetSearch.Check(used: truth.used(choice), passed: truth.passes(choice))
      }
    ).run()
    return (found, checks)
  }

  @Test func whatPassesAtItsSmallestIsTakenAtOnce() throws {
    let groups = (0..<6).map { Self.group($0) }
    let truth = Truth(groups: groups, squares: [[Double]](repeating: [0.1], count: 6))
    let (found, checks) = try search(truth)
    #expect(found.choice == groups.smallest && checks.count == 1 && found.squares.isEmpty)
  }

  /// Few groups cause nearly all of the drift, so that only these are stored more finely.
  @Test func theGroupsThatCountAreStoredMoreFinely() throws {
    let groups = (0..<20).map { Self.group($0) }
    let squares = (0..<20).map { [$0 == 3 || $0 == 11 ? 4.0 : 0.01] }
    let truth = Truth(groups: groups, squares: squares)
    let (found, checks) = try search(truth)
    #expect(truth.passes(found.choice) && found.check.passed)
    #expect(checks.contains(found.choice) && checks.count <= 8)
    for (group, option) in found.choice.enumerated() {
      #expect((option > 0) == (group == 3 || group == 11), "\(group): \(option)")
    }
    #expect(groups.byteCount(of: found.choice) < 20 * 1016)
  }

  /// Among all combinations of four groups none that passes is smaller by more than one step.
  @Test(arguments: [0.8, 1.0, 2.5])
  func nothingMuchSmallerPasses(_ interaction: Double) throws {
    let groups = (0..<4).map { Self.group($0, error: Double($0 + 1)) }
    let truth = Truth(
      groups: groups, squares: [[3, 0.1], [0.5, 0.7], [0.2, 2], [1, 1]], interaction: interaction)
    let (found, _) = try search(truth)
    #expect(truth.passes(found.choice))
    var least = Int.max
    for code in 0..<625 {
      let choice = [code % 5, code / 5 % 5, code / 25 % 5, code / 125]
      if truth.passes(choice) { least = min(least, groups.byteCount(of: choice)) }
    }
    #expect(groups.byteCount(of: found.choice) <= least + 32)
  }

  @Test func aLimitThatNobodyExceedsAloneIsKept() throws {
    let groups = (0..<8).map { Self.group($0) }
    // The second limit is seen in combinations alone.
    let truth = Truth(groups: groups, squares: [[Double]](repeating: [0.01, 0.4], count: 8))
    var checks = 0
    let found = try BudgetSearch(
      groups, limitCount: 2, measure: { truth.squares.map { [$0[0], 0] } },
      check: { choice in
        checks += 1
        return BudgetSearch.Check(used: truth.used(choice), passed: truth.passes(choice))
      }
    ).run()
    #expect(truth.passes(found.choice) && checks < 12)
    #expect(groups.byteCount(of: found.choice) < 8 * 1040)
  }

  @Test func anImpossibleBudgetIsAnError() {
    let groups = (0..<3).map { Self.group($0) }
    let error = #expect(throws: WeightsError.self) {
      try BudgetSearch(
        groups, limitCount: 1, measure: { [[1], [1], [1]] },
        check: { _ in BudgetSearch.Check(used: [4], passed: false) }
      ).run()
    }
    #expect(error?.code.rawValue == "search.impossible")
  }

  @Test func withoutForwardsLeftTheMostPreciseIsTaken() throws {
    let groups = (0..<5).map { Self.group($0) }
    let truth = Truth(groups: groups, squares: [[Double]](repeating: [2], count: 5))
    let (found, checks) = try search(truth, allowed: 1)
    #expect(found.choice == groups.mostPrecise && checks.count == 2)
  }

  @Test func neighboursAreMeasuredTogetherUntilAllFits() {
    let groups = (0..<10).map { Self.group($0) }
    func share(_ part: [Int]) -> Double { Double(10 - (part.first ?? 0)) / 10 }
    let all = MeasurementPlan(groups, limit: 6, byteLimit: 1 << 20, share: share)
    #expect(all.parts == (0..<10).map { [$0] } && abs(all.cost - 5.5) < 1e-9)
    let pairs = MeasurementPlan(groups, limit: 4, byteLimit: 1 << 20, share: share)
    #expect(pairs.parts == stride(from: 0, to: 10, by: 2).map { [$0, $0 + 1] })
    let bounded = MeasurementPlan(groups, limit: 0.1, byteLimit: 4000, share: share)
    #expect(bounded.parts.map(\.count) == [4, 4, 2])
    let squares = bounded.shared([[8, 4], [1, 0], [2, 2]], among: groups)
    #expect(squares[0] == [2, 1] && squares[9] == [1, 1])
  }
}
