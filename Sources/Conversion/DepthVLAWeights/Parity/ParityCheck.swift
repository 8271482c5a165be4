public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing
public import DVLAJSON
public import DVLAModels
public import DVLAParity
import DVLASafetensors
public import DVLATensorMath
public import DVLATensors

/// How close one model, whose weights are loaded once, comes to goldens.
public struct ParityCheck {
  /// A golden of a folder that is not for this model.
  public struct Skipped: Sendable, Hashable {
    public let path: String
    public let reason: String
  }

  public let subject: ParitySubject
  /// In the order they were named.
  public let comparisons: [GoldenComparison]
  /// SHA-256 of their files.
  public let goldenHashes: [Digest]
  public let skipped: [Skipped]
  /// The class whose tolerances were applied.
  public let precision: PrecisionClass
  /// How products with the weights were computed.
  public let products: ProductChoice

  public var passed: Bool { comparisons.allSatisfy(\.passed) }

  /// Whether a golden was recorded from this very bundle: then it shows only that the bundle
  /// reproduces its own results.
  public func isOwnRecording(_ comparison: GoldenComparison) -> Bool {
    subject.root != nil && comparison.golden["root"] == subject.root
  }

  /// Whether no weight was used: every golden was one of preprocessing.
  public var isOfPreprocessingAlone: Bool {
    comparisons.allSatisfy(\.golden.isOfPreprocessing)
  }
}

extension ParitySubject {
  /// Runs the model on the inputs of goldens and compares every recorded stage.
  ///
  /// - Parameters:
  ///   - paths: goldens, and folders of goldens, of which those are run that are for this model.
  ///   - precision: the class whose tolerances apply; by default the subject's own.
  ///   - requested: how products with the weights are computed; by default as
  ///     ``ProductChoice`` derives it from what the subject lost.
  ///   - ablation: the switches of DepthVLA; those left out are as each golden was recorded.
  ///   - progress: called with the recorded bytes that were compared.
  /// - Throws: `golden.unfit` when a golden that was named is of another model, or no golden of a
  ///   folder is for this one; what opening, loading and comparing throw.
  public func check(
    against paths: [String], tolerances: Tolerances,
    precision: PrecisionClass? = nil, products requested: ProductPrecision? = nil,
    ablation: RequestedAblation = RequestedAblation(),
    runtime: ParityRuntime, threads: Int,
    progress: @escaping WorkProgress.Handler = { _ in }
  ) throws(WeightsError) -> ParityCheck {
    var selection = try GoldenSelection(paths)
    try selection.sort(for: self, ablation)
    let precision = precision ?? self.precision
    let products = products(requested)
    var model: (any Model)?
    if selection.goldens.contains(where: { !$0.isOfPreprocessing }) {
      let loaded = try runtime.loadModel(family, configuration, source, products, threads)
      try checkUnchanged()
      try selection.sort(for: self, ablation, model: loaded)
      model = loaded
    }
    let total = selection.goldens.reduce(0) { $0 + $1.comparedByteCount }
    var done = 0
    var comparisons: [GoldenComparison] = []
    var hashes: [Digest] = []
    for golden in selection.goldens {
      let before = done
      func report(_ byteCount: Int) throws(WeightsError) {
        try progress(
          WorkProgress(
            phase: "parity", doneByteCount: before + byteCount, totalByteCount: total))
      }
      if golden.isOfPreprocessing {
        comparisons.append(
          try GoldenComparison(
            golden, family: family, tolerances: tolerances, processor: runtime.process))
      } else if let model {
        comparisons.append(
          try GoldenComparison(
            golden, of: try model.ablated(ablation.settled(by: golden)), tolerances: tolerances,
            precision: precision, progress: report))
      }
      done += golden.comparedByteCount
      try report(golden.comparedByteCount)
      hashes.append(try golden.file.file.sha256())
      try golden.file.file.checkUnchanged()
    }
    return ParityCheck(
      subject: self, comparisons: comparisons, goldenHashes: hashes, skipped: selection.skipped,
      precision: precision, products: products)
  }

  /// Writes a golden from this model: the inputs of another, and every stage as `f32.STAGE`.
  ///
  /// - Parameters:
  ///   - golden: one of which the inputs alone are read.
  ///   - ablation: the switches of DepthVLA; those left out are as the inputs' golden says.
  ///   - requested: how products with the weights are computed; by default as ``ProductChoice``
  ///     derives it from what the subject lost.
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
        .goldenUnfit, file: golden, "was recorded from \(own), but the model is \(family)")
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

/// What parity runs: the models and image processors of a runtime.
public struct ParityRuntime: Sendable {
  /// Reads the weights of a family from a source, to compute on that many threads, products as
  /// chosen.
  public typealias LoadModel =
    @Sendable (
      _ family: String, _ configuration: JSONValue, _ source: any TensorSource,
      _ products: ProductChoice,
      _ threads: Int
    ) throws(WeightsError) -> any Model

  public let loadModel: LoadModel
  public let process:
    @Sendable (
      _ result: ProcessedImage, _ image: (width: Int, height: Int, rgb: [UInt8])
    ) throws(WeightsError) -> Tensor?

  /// - Parameter process: as ``ImageProcessor``.
  public init(
    loadModel: @escaping LoadModel,
    process:
      @escaping @Sendable (
        _ result: ProcessedImage, _ image: (width: Int, height: Int, rgb: [UInt8])
      ) throws(WeightsError) -> Tensor?
  ) {
    self.loadModel = loadModel
    self.process = process
  }
}
