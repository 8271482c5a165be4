import DVLADiagnostics
import DVLAFamilies
import DVLAModels
import DVLAPipelines
import DVLAQuantization
import DVLATensorMath
import DVLATensors

/// Loads the policy of a conversion under any recipe, before a bundle is written.
struct SearchPolicies {
  let conversion: Conversion
  let compute: Compute
  /// For compensated rounding; nil before it was made.
  var calibration: Calibration?
  private let products: ProductPrecision?
  private let bundle: PlannedBundle

  /// - Parameter products: as ``SearchOptions/products``.
  init(_ conversion: Conversion, products: ProductPrecision?) {
    self.conversion = conversion
    self.products = products
    compute = Compute(threads: conversion.options.threads)
    bundle = PlannedBundle(conversion)
  }

  /// The weights as a recipe has them.
  func weights(_ recipe: Recipe) throws(WeightsError) -> PlannedWeights {
    let plan = try ConversionPlan(
      conversion.plan.remap, recipe: recipe,
      quantized: conversion.sources.map(QuantizedSource.init), calibration: calibration)
    return try PlannedWeights(conversion, plan)
  }

  /// Beside the reference lie changed weights, the calibration and what forwards begin with, so
  /// that less of a large one is kept. Under the full mask each step goes through the VLM.
  func loadingToMeasure(_ weights: PlannedWeights) throws(WeightsError) -> RobotPolicy.Loading {
    guard GateSide.isLarge(weights.tensors) else { return .first }
    let configuration = try inFile(bundle.path) { () throws(WeightsError) in
      try DepthVLAConfiguration(
        try ConfigurationReader(bundle.configuration),
        hasDepth: Family.hasDepthExpert(bundle.family))
    }
    return configuration.pattern == .block ? .only(.experts) : .only(.allButEncoders)
  }

  /// The policy with those weights, as a gate would load it from a bundle.
  ///
  /// - Parameters:
  ///   - loading: which layers are in memory as long as it acts; by default as a gate has them.
  ///   - recorder: is shown the inputs of the layers.
  func side(
    _ weights: PlannedWeights, loading: RobotPolicy.Loading? = nil,
    recordingTo recorder: InputRecorder? = nil
  ) throws(WeightsError) -> GateSide {
    let start = ContinuousClock.now
    let policy = try RobotPolicy(
      bundle, weights: weights,
      precision: { () throws(WeightsError) in weights.plan.precisionClass },
      products: products, recordingTo: recorder,
      loading: loading ?? GateSide.loading(weights.tensors),
      on: compute)
    return try GateSide(bundle, policy: policy, since: start)
  }
}

extension ConversionPlan {
  /// How much precision the weights lose.
  var precisionClass: PrecisionClass {
    if tensors.contains(where: { if case .int8 = $0.content { true } else { false } }) {
      return .int8
    }
    return tensors.allSatisfy(\.isLossless) ? .f32 : .bf16
  }

  /// Whether a model runs as it does on the sources.
  var isLossless: Bool { tensors.allSatisfy(\.isLossless) }
}
