import DVLATensors
import Testing

@testable import DVLAGates

/// When one budget is as strict as another.
struct BudgetComparisonTests {
  static func budget(
    _ limits: BudgetLimit..., observations: Int = 1, grippers: [Budget.Gripper] = []
  ) -> Budget {
    Budget(leastObservations: observations, grippers: grippers, limits: limits)
  }

  static func pattern(_ text: String) -> DottedPattern? { try? DottedPattern(text) }

  struct Case: Sendable, CustomTestStringConvertible {
    let own: BudgetLimit
    let asked: BudgetLimit
    let isImplied: Bool
    var testDescription: String { "\(own) | \(asked)" }

    init(_ own: BudgetLimit, _ asked: BudgetLimit, _ isImplied: Bool) {
      (self.own, self.asked, self.isImplied) = (own, asked, isImplied)
    }
  }

  static let cases: [Case] = [
    // Bounds, in both directions.
    Case(.init(.depthAbsRel, .mean, bound: 1), .init(.depthAbsRel, .mean, bound: 1), true),
    Case(.init(.depthAbsRel, .mean, bound: 1), .init(.depthAbsRel, .mean, bound: 2), true),
    Case(.init(.depthAbsRel, .mean, bound: 2), .init(.depthAbsRel, .mean, bound: 1), false),
    Case(.init(.stageSQNR, .worst, bound: 30), .init(.stageSQNR, .worst, bound: 20), true),
    Case(.init(.stageSQNR, .worst, bound: 20), .init(.stageSQNR, .worst, bound: 30), false),
    // Measures.
    Case(.init(.actionMaximum, .worst, bound: 0), .init(.actionRMS, .worst, bound: 1), false),
    // Statistics.
    Case(.init(.depthAbsRel, .worst, bound: 1), .init(.depthAbsRel, .mean, bound: 1), true),
    Case(
      .init(.depthAbsRel, .worst, bound: 1), .init(.depthAbsRel, .percentile(99), bound: 1), true),
    Case(.init(.depthAbsRel, .mean, bound: 1), .init(.depthAbsRel, .worst, bound: 9), false),
    Case(
      .init(.depthAbsRel, .mean, bound: 1), .init(.depthAbsRel, .percentile(1), bound: 9), false),
    Case(
      .init(.depthAbsRel, .percentile(99), bound: 1), .init(.depthAbsRel, .mean, bound: 9), false),
    Case(
      .init(.depthAbsRel, .percentile(99), bound: 1),
      .init(.depthAbsRel, .percentile(95), bound: 1), true),
    Case(
      .init(.depthAbsRel, .percentile(95), bound: 1),
      .init(.depthAbsRel, .percentile(99), bound: 9), false),
    Case(
      .init(.depthAbsRel, .percentile(100), bound: 1), .init(.depthAbsRel, .worst, bound: 1), true),
    Case(
      .init(.depthAbsRel, .percentile(99.9), bound: 1), .init(.depthAbsRel, .worst, bound: 9),
      false),
    Case(.init(.stageSQNR, .worst, bound: 30), .init(.stageSQNR, .mean, bound: 30), true),
    // Dimensions.
    Case(
      .init(.actionRMS, .mean, bound: 1), .init(.actionRMS, .mean, bound: 1, dimension: 3), true),
    Case(
      .init(.actionRMS, .mean, bound: 1, dimension: 3), .init(.actionRMS, .mean, bound: 1), false),
    Case(
      .init(.actionRMS, .mean, bound: 1, dimension: 3),
      .init(.actionRMS, .mean, bound: 1, dimension: 2), false),
    // Steps: a maximum grows with them, a root mean square need not.
    Case(
      .init(.actionMaximum, .worst, bound: 1), .init(.actionMaximum, .worst, bound: 1, steps: 5),
      true),
    Case(
      .init(.actionMaximum, .worst, bound: 1, steps: 10),
      .init(.actionMaximum, .worst, bound: 1, steps: 5), true),
    Case(
      .init(.actionMaximum, .worst, bound: 1, steps: 5),
      .init(.actionMaximum, .worst, bound: 1, steps: 10), false),
    Case(
      .init(.actionMaximum, .worst, bound: 1, steps: 5), .init(.actionMaximum, .worst, bound: 1),
      false),
    Case(
      .init(.actionRMS, .worst, bound: 1), .init(.actionRMS, .worst, bound: 1, steps: 5), false),
    Case(
      .init(.actionRMS, .worst, bound: 1, steps: 5), .init(.actionRMS, .worst, bound: 1, steps: 5),
      true),
    // Names: weights are judged together, stages one by one.
    Case(
      .init(.weightSQNR, .worst, bound: 30),
      .init(.weightSQNR, .worst, bound: 30, pattern: pattern("vlm.**")), true),
    Case(
      .init(.weightSQNR, .worst, bound: 30, pattern: pattern("**")),
      .init(.weightSQNR, .worst, bound: 30), true),
    Case(
      .init(.weightSQNR, .worst, bound: 30, pattern: pattern("vlm.**")),
      .init(.weightSQNR, .worst, bound: 30), false),
    Case(
      .init(.weightSQNR, .mean, bound: 30),
      .init(.weightSQNR, .mean, bound: 30, pattern: pattern("vlm.**")), false),
    Case(
      .init(.stageSQNR, .mean, bound: 30),
      .init(.stageSQNR, .mean, bound: 30, pattern: pattern("vlm.**")), true),
    Case(
      .init(.weightSQNR, .mean, bound: 30, pattern: pattern("vlm.**")),
      .init(.weightSQNR, .mean, bound: 20, pattern: pattern("vlm.**")), true),
    Case(
      .init(.weightSQNR, .worst, bound: 30, pattern: pattern("vlm.layers.*.mlp.**")),
      .init(.weightSQNR, .mean, bound: 30, pattern: pattern("vlm.layers.{i}.mlp.up.weight")),
      true),
  ]

  @Test(arguments: cases) func limitsImplyWhatFollowsFromThem(test: Case) {
    #expect(test.own.implies(test.asked) == test.isImplied)
    let budgets = (Self.budget(test.own), Self.budget(test.asked))
    #expect(budgets.0.isNoWeaker(than: budgets.1) == test.isImplied)
  }

  /// The rules, tried on numbers: where one limit implies another, no numbers are within the first
  /// and not within the second.
  @Test func noNumbersContradictTheRules() {
    let statistics: [BudgetLimit.Statistic] = [
      .mean, .worst, .percentile(50), .percentile(90), .percentile(100),
    ]
    var state: UInt64 = 1
    func random() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) / Double(1 << 24)
    }
    func value(_ statistic: BudgetLimit.Statistic, _ values: [Double]) -> Double {
      let sorted = values.sorted()
      switch statistic {
      case .mean: return values.reduce(0, +) / Double(values.count)
      case .worst: return sorted[sorted.count - 1]
      case .percentile(let percent):
        let position = percent / 100 * Double(sorted.count - 1)
        let lower = Int(position)
        let upper = min(lower + 1, sorted.count - 1)
        return sorted[lower] + (sorted[upper] - sorted[lower]) * (position - Double(lower))
      }
    }
    for _ in 0..<500 {
      let values = (0..<6).map { _ in random() * random() }
      for own in statistics {
        for asked in statistics {
          // The tightest bound that these numbers meet.
          let limit = BudgetLimit(.actionMaximum, own, bound: value(own, values))
          let other = BudgetLimit(.actionMaximum, asked, bound: limit.bound)
          guard limit.implies(other) else { continue }
          #expect(value(asked, values) <= other.bound * (1 + 1e-12), "\(limit) | \(other)")
        }
      }
    }
  }

  @Test func moreObservationsAreStronger() {
    let limit = BudgetLimit(.actionMaximum, .worst, bound: 1)
    let (eight, sixteen) = (
      Self.budget(limit, observations: 8), Self.budget(limit, observations: 16)
    )
    #expect(sixteen.isNoWeaker(than: eight))
    #expect(eight.firstGap(under: sixteen) == .observations(8, asked: 16))
  }

  @Test func grippersMustBeTheSameWhereFlipsAreJudged() {
    let flips = BudgetLimit(.gripperFlips, .worst, bound: 0)
    let (six, high, seven) = (
      Budget.Gripper(dimension: 6, threshold: 0), Budget.Gripper(dimension: 6, threshold: 0.5),
      Budget.Gripper(dimension: 7, threshold: 0)
    )
    let asked = Self.budget(flips, grippers: [six])
    #expect(Self.budget(flips, grippers: [seven, six]).isNoWeaker(than: asked))
    #expect(Self.budget(flips, grippers: [high]).firstGap(under: asked) == .gripper(six))
    #expect(Self.budget(flips, grippers: [seven]).firstGap(under: asked) == .gripper(six))
    let both = Self.budget(
      BudgetLimit(.gripperFlips, .worst, bound: 0, dimension: 7), grippers: [six, seven])
    #expect(Self.budget(flips, grippers: [seven]).isNoWeaker(than: both))
    // Where no flips are limited, a gripper changes nothing.
    let limit = BudgetLimit(.actionMaximum, .worst, bound: 1)
    #expect(Self.budget(limit).isNoWeaker(than: Self.budget(limit, grippers: [six])))
  }

  @Test func theFirstLimitThatIsNotImpliedIsNamed() {
    let own = Self.budget(
      BudgetLimit(.actionMaximum, .worst, bound: 1), BudgetLimit(.weightGain, .worst, bound: 0.01))
    let asked = Self.budget(
      BudgetLimit(.actionMaximum, .percentile(95), bound: 2),
      BudgetLimit(.weightGain, .worst, bound: 0.002), BudgetLimit(.depthRMSE, .mean, bound: 1))
    #expect(
      own.firstGap(under: asked)?.description
        == "no limit of it implies limits[1], worst weight.gain_error: at most 0.002")
  }
}
