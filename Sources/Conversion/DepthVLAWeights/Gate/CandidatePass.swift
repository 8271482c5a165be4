import DVLABundles
import DVLADiagnostics
import DVLADrift
import DVLAModels
import DVLAObservations
import DVLATensors

/// The candidate's part of a gate, compared with what the reference computed as it is computed.
struct CandidatePass {
  struct Result {
    var side = GateInputs.Side()
    var samples: [GateReport.Sample] = []
    /// The worst by absolute relative error first.
    var depth: [GateReport.DepthSample] = []
    var depthDrifts: [(observation: Int, camera: String, drift: DepthDrift)] = []
    var stages: [StageDrift] = []
  }

  /// Depth maps that are kept for a page.
  private static let shownDepthCount = 4

  let bundle: WeightBundle
  let inputs: GateInputs
  let spool: DriftSpool
  let reference: ReferencePass.Result

  /// - Throws: as ``GateInputs``; `gate.not-finite`, `gate.stage`.
  func run(
    _ progress: (String, Int, Int) throws(WeightsError) -> Void
  ) throws(WeightsError) -> Result {
    var result = Result()
    let stages = GateStages(spool)
    let side = try inputs.run(
      bundle, phase: "candidate", progress,
      observe: { (stage, index) throws(WeightsError) in try stages.compare(stage, of: index) },
      acted: { (side, observation, index, outcome) throws(WeightsError) in
        for seed in 0..<inputs.options.seedCount {
          result.samples.append(try sample(index, seed, outcome, observation))
        }
        try addDepth(outcome, observation, index, side, to: &result)
      })
    for index in inputs.names.indices { try stages.requireAll(of: index) }
    result.side = side
    result.stages = stages.drifts
    return result
  }

  private func sample(
    _ index: Int, _ seed: Int, _ outcome: ObservationOutcome, _ observation: RecordedObservation
  ) throws(WeightsError) -> GateReport.Sample {
    let first = reference.outcomes[index]
    let (r, c) = (first.actions[seed], outcome.actions[seed])
    let width = reference.deviations.count
    guard r.count == c.count, r.first?.count == width, c.first?.count == width else {
      throw WeightsError(
        .gateStage, file: bundle.path,
        "gives \(c.count) actions of \(c.first?.count ?? 0) values, the reference "
          + "\(r.count) of \(r.first?.count ?? 0)")
    }
    let demonstrated = observation.demonstratedRows.flatMap { rows in
      rows.first?.count == width ? rows : nil
    }
    func l1(_ actions: [[Double]]) -> Double? {
      demonstrated.flatMap {
        DemonstrationError.l1(actions, demonstrated: $0, deviations: reference.deviations)
      }
    }
    return GateReport.Sample(
      observation: index, seed: seed, reference: r, candidate: c, demonstrated: demonstrated,
      drift: ActionDrift(
        reference: r, candidate: c, deviations: reference.deviations,
        grippers: inputs.options.budget.grippers.map { ($0.dimension, $0.threshold) }),
      demonstrationL1: .init(l1(r), l1(c)),
      flowLoss: .init(first.flowLoss[seed], outcome.flowLoss[seed]))
  }

  private func addDepth(
    _ outcome: ObservationOutcome, _ observation: RecordedObservation, _ index: Int,
    _ side: GateSide, to result: inout Result
  ) throws(WeightsError) {
    let names = side.cameraNames(of: observation)
    let pictures = try side.pictures(of: observation)
    for (camera, map) in outcome.depth.enumerated() {
      let name = names[camera]
      guard let r = try spool.tensor(ReferencePass.depthName(index, name)), r.shape == map.shape,
        let drift = DepthDrift(reference: r, candidate: map)
      else {
        throw WeightsError(
          .gateStage, "the reference computes no depth of \(name), or depth of another size")
      }
      result.depthDrifts.append((index, name, drift))
      result.depth.append(
        GateReport.DepthSample(
          observation: index, camera: name, picture: pictures[camera], reference: r,
          candidate: map, drift: drift))
    }
    // Equal ones stay in the order of the observations.
    result.depth.sort {
      ($1.drift.absRel, $0.observation, $0.camera) < ($0.drift.absRel, $1.observation, $1.camera)
    }
    result.depth = Array(result.depth.prefix(Self.shownDepthCount))
  }
}
