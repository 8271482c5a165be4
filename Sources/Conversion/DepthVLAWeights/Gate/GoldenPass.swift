import DVLABundles
import DVLADiagnostics
import DVLAModels
import DVLAParity
import DVLATensorMath

/// Runs a model on the inputs of goldens, whatever its family.
struct GoldenPass {
  private let bundle: WeightBundle
  private let goldens: [Golden]
  private let options: GateOptions

  init(_ bundle: WeightBundle, _ goldens: [Golden], _ options: GateOptions) {
    self.bundle = bundle
    self.goldens = goldens
    self.options = options
  }

  /// - Parameters:
  ///   - phase: for the progress.
  ///   - observe: called with every stage that is compared, and the index of its golden.
  /// - Returns: how products were computed, in words; nil without goldens.
  /// - Throws: `golden.*`, `model.*`; what reading and computing throw.
  func run(
    phase: String, _ progress: (String, Int, Int) throws(WeightsError) -> Void,
    observe: @escaping (Stage, Int) throws(WeightsError) -> Void
  ) throws(WeightsError) -> String? {
    guard !goldens.isEmpty else { return nil }
    let products = ProductChoice(
      options.products, for: try bundle.precisionClass(), tensors: bundle.tensors)
    let model = try inFile(bundle.path) { () throws(WeightsError) in
      try ModelFactory.load(
        family: bundle.documents.family, configuration: bundle.documents.configuration,
        source: bundle, products: products, on: Compute(threads: options.threads))
    }
    for (index, golden) in goldens.enumerated() {
      let settled = try model.ablated(RequestedAblation().settled(by: golden))
      let trace = StageTrace(wanted: GatePass.isCompared) { (stage) throws(WeightsError) in
        try observe(stage, index)
      }
      try golden.run(settled, on: trace)
      try progress(phase, index + 1, goldens.count)
    }
    return "\(products)"
  }
}
