public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing
import DVLAModels
public import DVLAParity
import DVLASafetensors
public import DVLATensorMath
public import DVLATensors

/// Goldens held against one model, whose weights are loaded once.
public struct ParityCheck {
  /// A golden of a folder that says nothing of this model.
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

  /// Whether a golden was recorded from this very bundle: then it shows that the bundle repeats
  /// itself, and nothing more.
  public func isOwnRecording(_ comparison: GoldenComparison) -> Bool {
    subject.root != nil && comparison.golden["root"] == subject.root
  }

  /// Whether no weight was looked at: every golden was one of preprocessing.
  public var isOfPreprocessingAlone: Bool {
    comparisons.allSatisfy(\.golden.isOfPreprocessing)
  }
}

extension ParityCheck {
  /// - Parameters:
  ///   - paths: goldens, and folders of goldens, of which those are run that are for this model.
  ///   - precision: the class whose tolerances apply; by default the subject's own.
  ///   - requested: how products with the weights are computed; by default as what the subject lost
  ///     has it, ``ProductChoice``.
  ///   - ablation: the switches of DepthVLA; those left out are as each golden was recorded.
  ///   - progress: called with the recorded bytes that were compared.
  /// - Throws: `golden.unfit` when a golden that was named is of another model, or no golden of a
  ///   folder is for this one; what opening, loading and comparing throw.
  public init(
    of subject: ParitySubject, goldens paths: [String], tolerances: Tolerances,
    precision: PrecisionClass? = nil, products requested: ProductPrecision? = nil,
    ablation: RequestedAblation = RequestedAblation(),
    runtime: ParityRuntime, threads: Int,
    progress: @escaping WorkProgress.Handler = { _ in }
  ) throws(WeightsError) {
    var selection = try GoldenSelection(paths)
    try selection.sort(for: subject, ablation)
    let precision = precision ?? subject.precision
    let products = subject.products(requested)
    var model: (any Model)?
    if selection.goldens.contains(where: { !$0.isOfPreprocessing }) {
      let loaded = try runtime.loadModel(
        subject.family, subject.configuration, subject.source, products, threads)
      try subject.checkUnchanged()
      try selection.sort(for: subject, ablation, model: loaded)
      model = loaded
    }
    let total = selection.goldens.reduce(0) { $0 + $1.comparedByteCount }
    var done = 0
    var comparisons: [GoldenComparison] = []
    var hashes: [Digest] = []
    for golden in selection.goldens {
      let before = done
      func report(_ byteCount: Int) {
        progress(
          WorkProgress(
            phase: "parity", doneByteCount: before + byteCount, totalByteCount: total))
      }
      if golden.isOfPreprocessing {
        comparisons.append(
          try GoldenComparison(
            golden, family: subject.family, tolerances: tolerances, processor: runtime.process))
      } else if let model {
        comparisons.append(
          try GoldenComparison(
            golden, of: try model.ablated(ablation.settled(by: golden)), tolerances: tolerances,
            precision: precision, progress: report))
      }
      done += golden.comparedByteCount
      report(golden.comparedByteCount)
      hashes.append(try golden.file.file.sha256())
      try golden.file.file.checkUnchanged()
    }
    self.subject = subject
    self.comparisons = comparisons
    goldenHashes = hashes
    self.precision = precision
    self.products = products
    skipped = selection.skipped
  }
}
