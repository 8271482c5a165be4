public import DVLADiagnostics
import DVLADrift
import DVLAFamilies
import DVLAGates
import DVLAHashing
import DVLAJSON
import DVLAModels
public import DVLAObservations
import DVLAParallelism
import DVLAPipelines
import DVLAPrecisionSearch
import DVLAQuantization
import DVLATensorMath
import DVLATensors

/// Finds the recipe with which a conversion writes the smallest bundle that stays inside a budget:
/// the page Search of the documentation.
///
/// One model is in memory at a time. The reference is what the conversion would write at the
/// precision of its sources.
public final class PrecisionSearchRun {
  public typealias Handler = (SearchProgress) throws(WeightsError) -> Void

  private let conversion: Conversion
  private let observations: ObservationFolder
  private let options: SearchOptions
  private var policies: SearchPolicies
  private let losses: WeightLosses
  private let progress: Handler
  private let spool: DriftSpool
  /// In forwards.
  private var spent = 0.0
  private var limit = 0.0

  private static let memoryByteLimit = 1 << 30
  /// Of the tensors of one measurement, which are in memory beside the reference.
  private static let measuredByteLimit = 512 << 20
  private static let sourceRecipe = Recipe.preset(.source)

  /// - Parameter conversion: of a policy, at the precision of its sources.
  /// - Throws: `search.family` for a model that does not act; `gate.too-few` observations;
  ///   `search.quantized` for sources that are INT8 already; `file.*` of the temporary file.
  public init(
    _ conversion: Conversion, observations: ObservationFolder, options: SearchOptions,
    progress: @escaping Handler = { _ in }
  ) throws(WeightsError) {
    let family = conversion.plan.remap.family
    guard Family.isPolicy(family) else {
      throw WeightsError(
        .searchFamily, .usage,
        "--budget is for policies (\(Family.list(Family.policies))), whose actions it judges; this is "
          + "\(family)")
    }
    guard observations.entries.count >= options.budget.leastObservations else {
      throw WeightsError(
        .gateTooFew, .usage, file: observations.path,
        "holds \(observations.entries.count) observations; the budget gives no verdict on fewer "
          + "than \(options.budget.leastObservations)")
    }
    guard conversion.plan.givenInt8.isEmpty else {
      throw WeightsError(
        .searchQuantized, .usage,
        "a source is INT8 already; expected float weights, from which precisions can be chosen")
    }
    self.conversion = conversion
    self.observations = observations
    self.options = options
    self.progress = progress
    policies = SearchPolicies(conversion, products: options.products)
    losses = WeightLosses(conversion)
    spool = try DriftSpool(in: options.workFolder)
  }

  private var limitsStages: Bool {
    options.budget.limits.contains { $0.measure.subject == "stage" }
  }
  private var limitsWeights: Bool {
    options.budget.limits.contains { $0.measure.subject == "weight" }
  }

  /// Searches.
  ///
  /// - Throws: `search.*`, `gate.*`; what reading, loading and computing throw.
  public func run() throws(WeightsError) -> FoundRecipe {
    limit = options.forwards.map(Double.init) ?? .infinity
    let plan = try policies.weights(Self.sourceRecipe).plan
    let choosable = SearchGroups.choosable(plan)
    let recorder = InputRecorder(
      blockColumns: CompensationFactors.blockColumns, of: { choosable.contains($0) })
    let judge = try runReference(recorder)
    let groups = try calibrate(recorder.moments, plan)
    limit = forwardLimit(groups)
    let work = try SearchWork(options.workPath, key: try key())
    var worst = 0
    let found = try BudgetSearch(
      groups, limitCount: judge.limits.count,
      measure: { () throws(WeightsError) in
        try self.measure(groups, judge, work, at: worst)
      },
      check: { (choice) throws(WeightsError) in
        let entry = try self.check(choice, groups, judge, work, from: worst)
        if let entry { worst = entry.worst }
        return entry.map { BudgetSearch.Check(used: $0.used, passed: $0.passed) }
      }
    ).run()
    let recipe = try recipe(found.choice, groups)
    return FoundRecipe(
      recipe, try usedCalibration(recipe, plan), groups: groups, result: found,
      limits: judge.limits.map(\.searchWords), context: context, forwards: spent,
      forwardLimit: limit)
  }

  /// What the result depends on beside the sources.
  private var context: [(String, JSONValue)] {
    [
      ("tool", .string("depthvla \(ToolVersion.current)")),
      ("budget", .string(options.budget.digest.hex)),
      ("observations", .string(observations.digest.hex)),
      ("observation_count", .integer(Int64(observations.entries.count))),
      ("seeds", .integer(Int64(options.seedCount))),
      ("products", .string(options.products?.rawValue ?? "default")),
    ]
  }

  /// What distinguishes this search from every other.
  private func key() throws(WeightsError) -> Digest {
    let identity = try conversion.identity(ConversionRecord(conversion))
    let text =
      identity.hex + JSONValue.object(JSONObject(context)).encoded()
      + "\(options.forwards ?? 0) \(ToolVersion.report)"
    return unsafe SHA256.hash(text.utf8.span.bytes)
  }

  /// The groups with what each could be, and the calibration for it.
  private func calibrate(
    _ moments: [TensorName: [Float]], _ plan: ConversionPlan
  ) throws(WeightsError) -> [SearchGroup] {
    let tensors = plan.tensors.filter { moments[$0.info.name] != nil }
    var factors: [TensorName: CompensationFactors] = [:]
    try OrderedWork.run(
      items: tensors.count, threads: conversion.options.threads, makeScratch: {},
      work: { (index, _) throws(WeightsError) -> CompensationFactors in
        let info = tensors[index].info
        return CompensationFactors(columns: info.shape[1], moments: moments[info.name] ?? [])
      },
      consume: { (index, made) throws(WeightsError) in factors[tensors[index].info.name] = made })
    let calibration = try Calibration(factors)
    policies.calibration = calibration
    return try SearchGroups(
      conversion, plan,
      OptionMeasurement(
        moments: moments, calibration: calibration, packing: conversion.options.packing)
    ).groups
  }

  /// What of the calibration a recipe needs.
  private func usedCalibration(
    _ recipe: Recipe, _ plan: ConversionPlan
  ) throws(WeightsError) -> Calibration? {
    var used: [TensorName: CompensationFactors] = [:]
    for tensor in plan.tensors {
      guard
        case .int8(let scheme) = recipe.precision(
          for: tensor.info.name, shape: tensor.info.shape, dtype: tensor.info.dtype),
        scheme.rounding == .compensated
      else { continue }
      used[tensor.info.name] = policies.calibration?.factors[tensor.info.name]
    }
    return used.isEmpty ? nil : try Calibration(used)
  }

  private func forwardLimit(_ groups: [SearchGroup]) -> Double {
    if let forwards = options.forwards { return Double(forwards) }
    let saved = groups.byteCount(of: groups.mostPrecise) - groups.byteCount(of: groups.smallest)
    let gigabytes = max(1, (saved + 999_999_999) / 1_000_000_000)
    return Double(max(40 * gigabytes, 6 * observations.entries.count))
  }

  private func recipe(
    _ choice: SearchChoice, _ groups: [SearchGroup]
  ) throws(WeightsError) -> Recipe {
    var precisions: [(tensor: TensorName, precision: TensorPrecision)] = []
    for (group, option) in zip(groups, choice) {
      precisions += group.tensors.map { ($0, group.options[option].precision) }
    }
    return try Recipe(precisions, otherwise: .bf16)
  }

  private func report(_ phase: String, _ more: Double = 0) throws(WeightsError) {
    try progress(
      SearchProgress(phase: phase, done: min(spent + more, limit), total: limit))
  }

  // MARK: The reference

  private func runReference(_ recorder: InputRecorder) throws(WeightsError) -> SearchJudge {
    let side = try policies.side(try policies.weights(Self.sourceRecipe), recordingTo: recorder)
    defer { side.policy.end() }
    let pass = GatePass(side: side, seedCount: options.seedCount)
    var found: [SearchJudge.Observation] = []
    recorder.record(true)
    for index in observations.entries.indices {
      let observation = try observations.observation(at: index)
      try report("reference")
      let outcome = try inFile(observations.path(at: index)) { () throws(WeightsError) in
        try pass.act(
          on: observation, at: index,
          observe: { (stage) throws(WeightsError) in
            if self.limitsStages { try self.spool.keep(stage, of: index) }
          }, finished: { () throws(WeightsError) in try self.report("reference") })
      }
      let width = outcome.actions.first?.first?.count ?? 0
      found.append(
        SearchJudge.Observation(
          outcome: outcome, cameras: side.cameraNames(of: observation),
          demonstrated: observation.demonstratedRows.flatMap { rows in
            rows.first?.count == width ? rows : nil
          }))
      spent += 1
    }
    recorder.record(false)
    let actions = found.flatMap { $0.outcome.actions.flatMap(\.self) }
    let width = actions.first?.count ?? 0
    if let gripper = options.budget.grippers.first(where: { $0.dimension >= width }) {
      throw WeightsError(
        .gateUnmeasured, .usage,
        "the budget has a gripper in dimension \(gripper.dimension) of actions, which have "
          + "\(width): 0 to \(width - 1)")
    }
    return SearchJudge(
      budget: options.budget, files: observations.entries.map(\.file), observations: found,
      deviations: side.policy.actionDeviations.map { Array($0.prefix(width)) }
        ?? ActionDeviations.of(actions),
      hasDepth: Family.hasDepthExpert(conversion.plan.remap.family))
  }

  // MARK: One group at a time

  /// u_l^2 by group and limit, each group alone in its smallest precision, on one observation.
  private func measure(
    _ groups: [SearchGroup], _ judge: SearchJudge, _ work: SearchWork, at index: Int
  ) throws(WeightsError) -> [[Double]] {
    let source = try policies.weights(Self.sourceRecipe)
    let side = try policies.side(source, loading: policies.loadingToMeasure(source))
    defer { side.policy.end() }
    let pass = GatePass(side: side, seedCount: options.seedCount)
    let observation = try observations.observation(at: index)
    let prepared = try side.prepare(observation)
    let sampler = try side.policy.sampler(
      prepared, memory: ForwardMemory(keeping: Self.memoryByteLimit)
    ) { (_) throws(WeightsError) in try self.report("measure") }
    let memory = sampler.memory
    spent += 1
    let configuration = side.policy.configuration
    let cost = ForwardCost(
      configuration, of: prepared.inputs,
      horizon: side.policy.noiseShape[0] * options.seedCount)
    func share(_ part: [Int]) -> Double {
      cost.share(
        after: Set(part.flatMap { groups[$0].tensors }),
        in: configuration.pattern)
    }
    // As much is left for checks of combinations.
    let left = max(4, (limit - spent) / 2)
    let plan = MeasurementPlan(
      groups, limit: left, byteLimit: Self.measuredByteLimit, share: share)
    var measured: [[Double]] = []
    for part in plan.parts {
      let entry = try work.entry("alone " + (part.first.map { groups[$0].name } ?? "")) {
        () throws(WeightsError) in
        let changed = Set(part.flatMap { groups[$0].tensors })
        var choice = groups.mostPrecise
        for group in part { choice[group] = 0 }
        let weights = try policies.weights(try recipe(choice, groups))
        let model = try side.policy.model.reloading(
          changed,
          from: WeightScope(weights, products: side.policy.products, on: policies.compute))
        var sampler = try PolicySampler(
          model, prepared.inputs, memory: memory.resuming(after: changed, in: configuration),
          on: policies.compute)
        let outcome = try pass.outcome(of: &sampler, observation, at: index, prepared) {
          () throws(WeightsError) in try self.report("measure")
        }
        let check = try judge.check(
          [(index, outcome)], stages: [], weights: [], isWhole: false)
        return SearchWork.Entry(
          used: check.used, passed: check.passed, cost: share(part), worst: index)
      }
      spent += entry.cost
      measured.append(entry.used)
    }
    return plan.shared(measured, among: groups)
  }

  // MARK: All together

  /// Runs a combination over the observations, the most telling one first, until one alone exceeds
  /// the budget or all are done.
  ///
  /// - Returns: nil where that could take more forwards than are left.
  private func check(
    _ choice: SearchChoice, _ groups: [SearchGroup], _ judge: SearchJudge, _ work: SearchWork,
    from first: Int
  ) throws(WeightsError) -> SearchWork.Entry? {
    let count = observations.entries.count
    let isNeeded = choice == groups.smallest || choice == groups.mostPrecise
    guard isNeeded || spent + Double(count) <= limit else { return nil }
    let name = "check " + choice.map(String.init).joined(separator: " ")
    let entry = try work.entry(name) { () throws(WeightsError) in
      let weights = try policies.weights(try recipe(choice, groups))
      if weights.plan.isLossless {
        // The reference itself.
        return SearchWork.Entry(
          used: [Double](repeating: 0, count: judge.limits.count), passed: true, cost: 0,
          worst: first)
      }
      let side = try policies.side(weights)
      defer { side.policy.end() }
      let drifts = limitsWeights ? try losses.drifts(weights.plan) : []
      return try check(side, judge, drifts, from: first)
    }
    spent += entry.cost
    return entry
  }

  private func check(
    _ side: GateSide, _ judge: SearchJudge, _ weights: [WeightDrift], from first: Int
  ) throws(WeightsError) -> SearchWork.Entry {
    let pass = GatePass(side: side, seedCount: options.seedCount)
    let stages = GateStages(spool)
    let order = [first] + observations.entries.indices.filter { $0 != first }
    var outcomes: [(observation: Int, outcome: ObservationOutcome)] = []
    var worst = (observation: first, largest: -1.0)
    for index in order {
      let observation = try observations.observation(at: index)
      let done = Double(outcomes.count)
      let outcome = try inFile(observations.path(at: index)) { () throws(WeightsError) in
        try pass.act(
          on: observation, at: index,
          observe: { (stage) throws(WeightsError) in
            if self.limitsStages { try stages.compare(stage, of: index) }
          }, finished: { () throws(WeightsError) in try self.report("check", done) })
      }
      outcomes.append((index, outcome))
      let alone = try judge.check(
        [(index, outcome)], stages: [], weights: weights, isWhole: false)
      if alone.largest > worst.largest { worst = (index, alone.largest) }
      if !alone.passed, outcomes.count < order.count {
        let part = try judge.check(
          outcomes, stages: stages.drifts, weights: weights, isWhole: false)
        return SearchWork.Entry(
          used: part.used, passed: false, cost: Double(outcomes.count), worst: worst.observation)
      }
    }
    outcomes.sort { $0.observation < $1.observation }
    let whole = try judge.check(
      outcomes, stages: stages.drifts, weights: weights, isWhole: true)
    return SearchWork.Entry(
      used: whole.used, passed: whole.passed, cost: Double(outcomes.count),
      worst: worst.observation)
  }
}

extension BudgetLimit {
  /// Such as `action.max worst`.
  fileprivate var searchWords: String {
    let words =
      switch statistic {
      case .mean: "mean"
      case .worst: "worst"
      case .percentile(let percent): "percentile \(percent)"
      }
    return "\(measure.rawValue) \(words)" + (dimension.map { ", dimension \($0)" } ?? "")
      + (pattern.map { ", \($0.text)" } ?? "")
  }
}

extension WeightsError.Code {
  /// A model whose outputs a search cannot judge.
  public static let searchFamily = Self("search.family")
  /// Sources from whose weights no precision can be chosen.
  public static let searchQuantized = Self("search.quantized")
}
