public import DVLADiagnostics
import DVLAModels
public import DVLAParity
public import DVLATensorMath
public import DVLATensors

extension ParitySubject {
  /// Writes a golden from this model: the inputs of another, and every stage as `f32.STAGE`.
  ///
  /// - Parameters:
  ///   - golden: one of which the inputs alone are read.
  ///   - ablation: the switches of DepthVLA; those left out are as the inputs' golden says.
  ///   - requested: how products with the weights are computed, as in ``ParityCheck``.
  ///   - pattern: which stages are kept; all where it is nil.
  /// - Throws: `output.is-input`; `golden.unfit` when the inputs are of another model; what
  ///   loading, computing and writing throw.
  public func record(
    inputsOf golden: String, to target: String, stages pattern: DottedPattern?, overwrite: Bool,
    products requested: ProductPrecision? = nil,
    ablation: RequestedAblation = RequestedAblation(), runtime: ParityRuntime, threads: Int
  ) throws(WeightsError) -> GoldenRecorder.Recording {
    try protectInputs(from: target, inputs: [golden])
    let inputs = try Golden(path: golden)
    if let own = inputs.family, own != family {
      throw WeightsError(
        .goldenUnfit, file: golden, "it was recorded from \(own), the model is \(family)")
    }
    let settled = ablation.settled(by: inputs)
    let products = products(requested)
    let model = try runtime.loadModel(family, configuration, source, products, threads)
      .ablated(settled)
    try checkUnchanged()
    if let misfit = inputs.inputMisfit(family: family, inputs: model.inputs) {
      throw WeightsError(.goldenUnfit, file: golden, misfit)
    }
    var metadata: [(key: String, value: String)] = [
      ("family", family), ("tool", "depthvla \(ToolVersion.current)"),
      ("precision_class", precision.rawValue), ("products", products.description),
    ]
    if settled != Ablation() {
      if let pattern = settled.pattern { metadata.append(("mask", pattern.rawValue)) }
      metadata.append(("depth", String(settled.usesDepth)))
    }
    if let root { metadata.append(("root", root)) }
    return try GoldenRecorder(inputsOf: inputs, metadata: metadata, stages: pattern)
      .record(model, to: target, overwrite: overwrite)
  }
}
