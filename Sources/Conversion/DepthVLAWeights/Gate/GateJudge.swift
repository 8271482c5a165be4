import DVLADiagnostics
import DVLADrift
import DVLAGates
import DVLATensors

/// Judges what was measured by the limits of a budget.
struct GateJudge {
  let budget: Budget
  /// The file that errors name; nil for the built-in budget.
  let budgetPath: String?
  /// The files of the observations.
  let files: [String]
  let samples: [GateReport.Sample]
  let depth: [(observation: Int, camera: String, drift: DepthDrift)]
  let stages: [StageDrift]
  let weights: [WeightDrift]

  /// One measured number.
  private struct Value {
    let value: Double
    /// Nil for one that belongs to no observation.
    let observation: Int?
    let place: String
  }

  /// One for each limit, in their order.
  ///
  /// - Throws: `gate.unmeasured` where the budget limits what was not measured; `gate.not-finite`.
  func judgements() throws(WeightsError) -> [Judgement] {
    try budget.limits.map { (limit) throws(WeightsError) in try judge(limit) }
  }

  private func judge(_ limit: BudgetLimit) throws(WeightsError) -> Judgement {
    let groups = try groups(limit).filter { !$0.isEmpty }
    guard !groups.isEmpty else {
      throw WeightsError(
        .gateUnmeasured, .usage, file: budgetPath,
        "the budget limits \(limit.measure.rawValue), of which nothing was measured: "
          + Self.whatIsMissing(limit))
    }
    if let value = groups.joined().first(where: { !$0.value.isFinite }) {
      throw WeightsError(
        .gateNotFinite, "\(limit.measure.rawValue) is \(value.value) in \(value.place)")
    }
    if ["action", "depth"].contains(limit.measure.subject) {
      let counts = groups.map { Set($0.compactMap(\.observation)).count }
      if let count = counts.min(), count < budget.leastObservations {
        throw WeightsError(
          .gateTooFew, .usage, file: budgetPath,
          "\(limit.subjectWords): only \(count) observations show it; expected at least "
            + "\(budget.leastObservations)")
      }
    }
    let results = groups.map { judgement(limit, $0) }
    // Each group is judged on its own, and the worst counts; the first of equals.
    return results.dropFirst().reduce(results[0]) { worst, next in
      isWorse(next.judged, worst.judged, limit) ? next : worst
    }
  }

  private func isWorse(_ a: Double, _ b: Double, _ limit: BudgetLimit) -> Bool {
    limit.measure.isLargerBetter ? a < b : a > b
  }

  private func judgement(_ limit: BudgetLimit, _ values: [Value]) -> Judgement {
    let worst = values.dropFirst().reduce(values[0]) {
      isWorse($1.value, $0.value, limit) ? $1 : $0
    }
    var found = worst.value
    var interval: Judgement.Interval?
    switch limit.statistic {
    case .worst: break
    case .percentile(let percent):
      found = Percentile.value(
        limit.measure.isLargerBetter ? 100 - percent : percent,
        ofSorted: values.map(\.value).sorted())
    case .mean:
      let means = Self.meansOfObservations(values)
      found = means.reduce(0, +) / Double(means.count)
      if values[0].observation != nil {
        let (low, high) = Bootstrap.interval(ofMean: means)
        interval = Judgement.Interval(low: low, high: high)
      }
    }
    return Judgement(
      limit: limit, found: found, interval: interval, sampleCount: values.count,
      place: worst.place)
  }

  /// The mean of each observation's values; where values belong to none, the values themselves.
  private static func meansOfObservations(_ values: [Value]) -> [Double] {
    var means: [Double] = []
    var sum = 0.0
    var count = 0
    for (index, value) in values.enumerated() {
      sum += value.value
      count += 1
      let isLast =
        index + 1 == values.count || value.observation == nil
        || values[index + 1].observation != value.observation
      guard isLast else { continue }
      means.append(sum / Double(count))
      (sum, count) = (0, 0)
    }
    return means
  }

  private static func whatIsMissing(_ limit: BudgetLimit) -> String {
    switch limit.measure {
    case .demonstrationRise, .flowLossRise:
      "no observation has demonstrated actions of the policy's width and horizon"
    case .gripperFlips: "the budget names no such gripper"
    case .depthEdgeAbsRel, .depthEdgeBreaks: "no depth map of the reference has an edge"
    case .stageSQNR, .stageCosine, .weightSQNR, .weightGain:
      "nothing matches \((limit.pattern?.text ?? "**").quoted)"
    case .actionMaximumOfDeviation, .actionRMSOfDeviation:
      "no dimension that it names changes in training"
    default: "there is no observation"
    }
  }
}

// MARK: What a measure's numbers are

extension GateJudge {
  /// The numbers of a measure, in groups that are judged on their own: by dimension, gripper,
  /// camera or stage.
  private func groups(_ limit: BudgetLimit) throws(WeightsError) -> [[Value]] {
    switch limit.measure {
    case .actionMaximum: return try byDimension(limit) { $0.maximum }
    case .actionRMS: return try byDimension(limit) { $0.rms }
    case .actionMaximumOfDeviation: return try byDimension(limit) { $0.maximumShares }
    case .actionRMSOfDeviation: return try byDimension(limit) { $0.rmsShares }
    case .gripperFlips:
      let judged = budget.grippers.indices.filter {
        limit.dimension == nil || limit.dimension == budget.grippers[$0].dimension
      }
      return judged.map { gripper in
        samples.map { sample in
          value(
            Double(drift(of: sample, limit).flips[gripper]), sample,
            "gripper in dimension \(budget.grippers[gripper].dimension)")
        }
      }
    case .demonstrationRise:
      return [
        samples.compactMap { sample in
          sample.demonstrationL1.map { value($0.candidate - $0.reference, sample, nil) }
        }
      ]
    case .flowLossRise:
      return [
        samples.compactMap { sample in
          sample.flowLoss.map {
            value(($0.candidate - $0.reference) / max($0.reference, 1e-12), sample, nil)
          }
        }
      ]
    case .depthAbsRel: return byCamera { $0.absRel }
    case .depthRMSE: return byCamera { $0.rmse }
    case .depthLogError: return byCamera { $0.silog }
    case .depthDelta: return byCamera { $0.delta }
    case .depthEdgeAbsRel: return byCamera { $0.edgeAbsRel }
    case .depthEdgeBreaks: return byCamera { $0.edgeBreaks }
    case .stageSQNR: return byStage(limit) { $0.sqnrs }
    case .stageCosine: return byStage(limit) { $0.cosines }
    case .weightSQNR: return [ofWeights(limit) { $0.sqnr }]
    case .weightGain: return [ofWeights(limit) { min(DriftSums.unbounded, abs($0.gain - 1)) }]
    }
  }

  private func value(_ value: Double, _ sample: GateReport.Sample, _ detail: String?) -> Value {
    Value(
      value: value, observation: sample.observation,
      place: "\(files[sample.observation]), seed \(sample.seed)"
        + (detail.map { ", \($0)" } ?? ""))
  }

  private func drift(of sample: GateReport.Sample, _ limit: BudgetLimit) -> ActionDrift {
    guard let steps = limit.steps, steps < sample.reference.count else { return sample.drift }
    return ActionDrift(
      reference: Array(sample.reference.prefix(steps)),
      candidate: Array(sample.candidate.prefix(steps)), deviations: sample.drift.deviations,
      grippers: budget.grippers.map { ($0.dimension, $0.threshold) })
  }

  private func byDimension(
    _ limit: BudgetLimit, _ measure: (ActionDrift) -> [Double?]
  ) throws(WeightsError) -> [[Value]] {
    guard let first = samples.first else { return [] }
    let width = first.drift.deviations.count
    if let dimension = limit.dimension, dimension >= width {
      throw WeightsError(
        .gateUnmeasured, .usage, file: budgetPath,
        "the budget limits dimension \(dimension) of actions, which have \(width): 0 to "
          + "\(width - 1)")
    }
    let drifts = samples.map { measure(drift(of: $0, limit)) }
    return (limit.dimension.map { [$0] } ?? Array(0..<width)).map { dimension in
      // A dimension that never changes has a share only where it moves.
      guard drifts.contains(where: { $0[dimension] != nil }) else { return [] }
      return zip(samples, drifts).map { sample, drift in
        value(drift[dimension] ?? 0, sample, "dimension \(dimension)")
      }
    }
  }

  private func byCamera(_ measure: (DepthDrift) -> Double?) -> [[Value]] {
    var cameras: [String] = []
    for map in depth where !cameras.contains(map.camera) { cameras.append(map.camera) }
    return cameras.map { camera in
      depth.filter { $0.camera == camera }.compactMap { map in
        measure(map.drift).map {
          Value(
            value: $0, observation: map.observation,
            place: "\(files[map.observation]), camera \(camera)")
        }
      }
    }
  }

  private func byStage(_ limit: BudgetLimit, _ measure: (StageDrift) -> [Double]) -> [[Value]] {
    stages.filter { limit.pattern?.matches(TensorName($0.name)) ?? true }.map { stage in
      measure(stage).enumerated().map { index, value in
        Value(
          value: value, observation: index,
          place: stage.name + (index < files.count ? ", \(files[index])" : ""))
      }
    }
  }

  private func ofWeights(_ limit: BudgetLimit, _ measure: (WeightDrift) -> Double) -> [Value] {
    weights.filter { limit.pattern?.matches(TensorName($0.name)) ?? true }.map {
      Value(value: measure($0), observation: nil, place: $0.name)
    }
  }
}

extension WeightsError.Code {
  /// A budget limits what was not measured.
  public static let gateUnmeasured = Self("gate.unmeasured")
}
