import DVLADiagnostics
import DVLADrift
import DVLAGates
import DVLAObservations
import DVLAPrecisionSearch
import DVLATensors

/// What the reference computes for the observations, and what a candidate's drift from it uses of a
/// budget.
struct SearchJudge {
  let budget: Budget
  let files: [String]
  let observations: [Observation]
  /// Of each dimension of an action.
  let deviations: [Double]
  let hasDepth: Bool

  struct Observation {
    let outcome: ObservationOutcome
    let cameras: [String]
    let demonstrated: [[Double]]?
  }

  /// The limits that these models can be judged by.
  var limits: [BudgetLimit] {
    budget.limits.filter { hasDepth || $0.measure.subject != "depth" }
  }

  /// Judges candidates' outcomes by the limits.
  ///
  /// - Parameters:
  ///   - outcomes: by observation.
  ///   - isWhole: whether these are all that will be judged. Of a part the found values count and
  ///     not the far ends of intervals, and it passes what no observation alone exceeds.
  /// - Throws: `gate.unmeasured`, `gate.not-finite`.
  func check(
    _ outcomes: [(observation: Int, outcome: ObservationOutcome)], stages: [StageDrift],
    weights: [WeightDrift], isWhole: Bool
  ) throws(WeightsError) -> BudgetSearch.Check {
    let samples = outcomes.flatMap(samples)
    let depth = outcomes.flatMap(depth)
    var used = [Double](repeating: 0, count: limits.count)
    var passed = true
    for (place, limit) in limits.enumerated() {
      let judge = GateJudge(
        budget: Budget(
          leastObservations: isWhole ? budget.leastObservations : 1, grippers: budget.grippers,
          limits: [limit]),
        budgetPath: nil, files: files, samples: samples, depth: depth, stages: stages,
        weights: weights)
      let judgements: [Judgement]
      do throws(WeightsError) { judgements = try judge.judgements() } catch {
        // A part of the observations need not have what the others have.
        guard error.code == .gateUnmeasured, !isWhole else { throw error }
        continue
      }
      for judgement in judgements {
        let value = isWhole ? judgement.judged : judgement.found
        let use = limit.use(value)
        used[place] = use * use
        if isWhole || limit.statistic == .worst, !limit.admits(value) { passed = false }
      }
    }
    return BudgetSearch.Check(used: used, passed: passed)
  }

  private func samples(
    _ observation: Int, _ candidate: ObservationOutcome
  ) -> [GateReport.Sample] {
    let reference = observations[observation].outcome
    let demonstrated = observations[observation].demonstrated
    return candidate.actions.indices.map { seed in
      let (r, c) = (reference.actions[seed], candidate.actions[seed])
      func l1(_ actions: [[Double]]) -> Double? {
        demonstrated.flatMap {
          DemonstrationError.l1(actions, demonstrated: $0, deviations: deviations)
        }
      }
      return GateReport.Sample(
        observation: observation, seed: seed, reference: r, candidate: c,
        demonstrated: demonstrated,
        drift: ActionDrift(
          reference: r, candidate: c, deviations: deviations,
          grippers: budget.grippers.map { ($0.dimension, $0.threshold) }),
        demonstrationL1: .init(l1(r), l1(c)),
        flowLoss: .init(reference.flowLoss[seed], candidate.flowLoss[seed]))
    }
  }

  private func depth(
    _ observation: Int, _ candidate: ObservationOutcome
  ) -> [(observation: Int, camera: String, drift: DepthDrift)] {
    let reference = observations[observation]
    return zip(reference.cameras, zip(reference.outcome.depth, candidate.depth)).compactMap {
      camera, maps in
      DepthDrift(reference: maps.0, candidate: maps.1).map { (observation, camera, $0) }
    }
  }
}
