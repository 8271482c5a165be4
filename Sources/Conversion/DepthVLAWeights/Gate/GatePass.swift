import DVLADiagnostics
import DVLADrift
import DVLAModels
import DVLAObservations
import DVLAPipelines
import DVLATensors

/// What one model computes for one observation.
struct ObservationOutcome {
  /// For each seed: H actions in the robot's units.
  var actions: [[[Double]]] = []
  /// For each seed; nil where the loss cannot be computed.
  var flowLoss: [Double?] = []
  /// [H, W] of each camera, in the order of the pictures; empty without a depth expert.
  var depth: [Tensor] = []
  /// From the observation to its first chunk.
  var firstActionSeconds = 0.0
}

/// Runs one model over observations.
struct GatePass {
  let side: GateSide
  let seedCount: Int

  /// Times at which the flow-matching loss is evaluated, the same for both models: it is a mean
  /// over times in training.
  static let flowTimes = [0.1, 0.3, 0.5, 0.7, 0.9]

  /// Stages that are compared: the results of layers and parts, not what happens inside a layer.
  static func isCompared(_ stage: String) -> Bool {
    !stage.hasSuffix(".attention") && !stage.hasSuffix(".mlp") && !stage.hasSuffix(".valid")
      && stage != "depth" && !stage.hasPrefix("loss.")
  }

  /// The noise of a seed: the recorded one for seed 0, else what `run --seed` draws for
  /// 2^32 index + seed.
  static func noise(
    of observation: RecordedObservation, at index: Int, seed: Int, _ policy: RobotPolicy
  ) -> Tensor {
    seed == 0 ? observation.noise : policy.noise(seed: UInt64(index) << 32 + UInt64(seed))
  }

  /// Acts on an observation from every noise.
  ///
  /// - Parameters:
  ///   - index: of the observation, from 0.
  ///   - observe: called with every stage of the first noise that is compared.
  ///   - finished: called when a part of a forward is done. What it throws ends the work.
  /// - Throws: `gate.cameras`, `gate.noise`; as ``RobotPolicy``.
  func act(
    on observation: RecordedObservation, at index: Int,
    observe: @escaping (Stage) throws(WeightsError) -> Void,
    finished: () throws(WeightsError) -> Void
  ) throws(WeightsError) -> ObservationOutcome {
    let start = ContinuousClock.now
    let prepared = try side.prepare(observation)
    let trace = StageTrace(wanted: Self.isCompared, observer: observe)
    var sampler = try side.policy.sampler(prepared, trace: trace) { (_) throws(WeightsError) in
      try finished()
    }
    return try outcome(
      of: &sampler, observation, at: index, prepared, since: start, trace: trace,
      finished: finished)
  }

  /// What a sampler that has taken in an observation makes of it.
  ///
  /// - Parameter start: when the observation came.
  /// - Throws: as ``act(on:at:observe:finished:)``.
  func outcome(
    of sampler: inout PolicySampler, _ observation: RecordedObservation, at index: Int,
    _ prepared: PreparedObservation, since start: ContinuousClock.Instant = .now,
    trace: StageTrace = .none, finished: () throws(WeightsError) -> Void
  ) throws(WeightsError) -> ObservationOutcome {
    let policy = side.policy
    let target = try demonstrated(observation, prepared)
    var outcome = ObservationOutcome()
    for seed in 0..<seedCount {
      let noise = Self.noise(of: observation, at: index, seed: seed, policy)
      let batch = noise.reshaped(Shape([1] + noise.shape.dimensions))
      let normalized = try inFile(side.bundle.path) { () throws(WeightsError) in
        try sampler.actions(from: batch, trace: seed == 0 ? trace : .none) {
          (_) throws(WeightsError) in try finished()
        }
      }
      if seed == 0 { outcome.firstActionSeconds = (ContinuousClock.now - start) / .seconds(1) }
      outcome.actions.append(
        try side.robotActions(normalized.reshaped(noise.shape), for: prepared))
      var loss: Double?
      if let target {
        var sum = 0.0
        for time in Self.flowTimes {
          sum += try sampler.flowLoss(on: target, noise: batch, time: time)
        }
        loss = sum / Double(Self.flowTimes.count)
      }
      outcome.flowLoss.append(loss)
    }
    outcome.depth = try policy.depthMaps(sampler.logDepth, for: prepared).map(\.values)
    return outcome
  }

  /// The demonstrated actions in the form of the model, [1, H, actionDim]; nil where there are
  /// fewer than the horizon, or they cannot be brought into it.
  private func demonstrated(
    _ observation: RecordedObservation, _ prepared: PreparedObservation
  ) throws(WeightsError) -> Tensor? {
    guard let rows = observation.demonstratedRows,
      rows.count >= side.policy.noiseShape[0],
      let actions = try side.policy.modelActions(
        Array(rows.prefix(side.policy.noiseShape[0])), for: prepared)
    else { return nil }
    return actions.reshaped(Shape([1] + actions.shape.dimensions))
  }
}

extension RecordedObservation {
  /// What a demonstrator did, row by row.
  var demonstratedRows: [[Double]]? {
    guard let demonstrated else { return nil }
    let width = demonstrated.shape[1]
    return (0..<demonstrated.shape[0]).map {
      Array(demonstrated.values[$0 * width..<($0 + 1) * width])
    }
  }
}
