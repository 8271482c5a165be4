import DVLABundles
public import DVLADiagnostics
import DVLAKernels
import DVLAParallelism
public import DVLAQuantization
public import DVLARemapping
import DVLASafetensors
public import DVLATensors

/// Two checkpoints or bundles held against each other, tensor by tensor.
public struct Difference: Sendable {
  public enum Outcome: Sendable, Equatable {
    /// The same type, shape and bytes.
    case equal
    /// The same values in another type.
    case sameValues(DType, DType)
    case onlyInFirst
    case onlyInSecond
    case otherShape(Shape, Shape)
    /// Other values; with how they differ where both are floats.
    case otherValues(QuantizationError?)
  }

  public struct Row: Sendable {
    public let name: TensorName
    public let outcome: Outcome
  }

  /// What the names are: a family's layout names, or the checkpoints' own.
  public let naming: String
  public let rows: [Row]
  /// The files that travel with the tensors, or lie beside them; nil where a side is of no known
  /// model, so that nothing tells which files are its own.
  public let assets: [AssetRow]?

  /// Tensors that are not there, or not the same values, on both sides.
  public var differing: [Row] {
    rows.filter { row in
      switch row.outcome {
      case .equal, .sameValues: false
      default: true
      }
    }
  }

  private static let blockElementCount = 1 << 19

  /// - Throws: `diff.families` when the two are of different families; `file.changed` when a
  ///   checkpoint was written to meanwhile; what opening, recognising and reading throw; `bundle.*`
  ///   where an asset is damaged.
  public init(
    _ first: String, _ second: String, library: ManifestLibrary, settings: Configuration,
    threads: Int, progress: @escaping WorkProgress.Handler = { _ in }
  ) throws(WeightsError) {
    let (naming, a, b) = try Self.sides(first, second, library, settings)
    self.naming = naming
    assets = Self.compare(a.assets, b.assets)
    let others = Dictionary(
      b.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let names = Set(a.tensors.map(\.name))
    var rows: [Row] = []
    var pairs: [(TensorInfo, TensorInfo)] = []
    for info in a.tensors {
      guard let other = others[info.name] else {
        if !info.isLeftover { rows.append(Row(name: info.name, outcome: .onlyInFirst)) }
        continue
      }
      if info.shape == other.shape {
        pairs.append((info, other))
      } else {
        rows.append(Row(name: info.name, outcome: .otherShape(info.shape, other.shape)))
      }
    }
    for info in b.tensors where !names.contains(info.name) && !info.isLeftover {
      rows.append(Row(name: info.name, outcome: .onlyInSecond))
    }
    let total = pairs.reduce(0) { $0 + $1.0.byteCount }
    var done = 0
    let work = pairs
    try OrderedWork.run(
      items: work.count, threads: threads,
      makeScratch: { () throws(WeightsError) -> PairComparison in PairComparison() },
      work: { (index, comparison) throws(WeightsError) -> Outcome in
        let (info, other) = work[index]
        return try comparison.outcome(
          try a.reader(of: info), try b.reader(of: other), info.dtype, other.dtype,
          count: info.shape.elementCount, block: Self.blockElementCount)
      },
      consume: { (index, outcome) throws(WeightsError) in
        rows.append(Row(name: work[index].0.name, outcome: outcome))
        done += work[index].0.byteCount
        progress(WorkProgress(phase: "compare", doneByteCount: done, totalByteCount: total))
      })
    try a.checkUnchanged()
    try b.checkUnchanged()
    self.rows = rows
  }

  private static func sides(
    _ first: String, _ second: String, _ library: ManifestLibrary, _ settings: Configuration
  ) throws(WeightsError) -> (String, DiffSide, DiffSide) {
    let a = try DiffInput(first, library)
    let b = try DiffInput(second, library)
    if case .checkpoint(let x, let xs, _) = a, case .checkpoint(let y, let ys, _) = b {
      // Under one naming every tensor can be compared, also those of no known model.
      let sameNaming = xs?.manifest.label == ys?.manifest.label && xs?.wrapping == ys?.wrapping
      if sameNaming || xs == nil || ys == nil {
        return (
          "the checkpoints' own names",
          DiffSide(x, assets: try DiffAsset.assets(beside: x, xs, library)),
          DiffSide(y, assets: try DiffAsset.assets(beside: y, ys, library))
        )
      }
    }
    let family = try a.family(first)
    let other = try b.family(second)
    guard family == other else {
      throw WeightsError(
        .diffFamilies, .usage,
        "\(first.escapedForTerminal) is \(family), \(second.escapedForTerminal) is \(other)")
    }
    return (
      "\(family) layout names", try a.side(library, settings), try b.side(library, settings)
    )
  }
}

/// What a path on the command line turned out to be.
private enum DiffInput {
  case bundle(WeightBundle)
  case checkpoint(Checkpoint, Recognition?, SourceQuantization)

  init(_ path: String, _ library: ManifestLibrary) throws(WeightsError) {
    if try WeightBundle.isBundle(path: path) {
      self = .bundle(try WeightBundle(path: path))
    } else {
      let checkpoint = try Checkpoint(path: path)
      let quantization = try SourceQuantization(checkpoint, config: checkpoint.config)
      self = .checkpoint(
        checkpoint,
        try? library.recognise(quantization.tensors, config: checkpoint.config?.value),
        quantization)
    }
  }

  func family(_ path: String) throws(WeightsError) -> String {
    switch self {
    case .bundle(let bundle): return bundle.documents.family
    case .checkpoint(_, let recognition, _):
      guard let recognition else {
        throw WeightsError(
          .diffFamilies, file: path, "is of no known model, and the other side is a bundle")
      }
      return recognition.family
    }
  }

  func side(
    _ library: ManifestLibrary, _ settings: Configuration
  ) throws(WeightsError) -> DiffSide {
    switch self {
    case .bundle(let bundle): return try DiffSide(bundle)
    case .checkpoint(let checkpoint, let recognition, let quantization):
      let assets = try DiffAsset.assets(beside: checkpoint, recognition, library)
      guard let recognition else { return DiffSide(checkpoint, assets: assets) }
      let plan = try RemapPlanner(
        library: library, family: recognition.family,
        sources: [RemapPlanner.Source(label: checkpoint.path, recognition: recognition)],
        given: settings, keepsUnused: true
      ).plan()
      return try DiffSide(checkpoint, quantization, plan: plan, assets: assets)
    }
  }
}

extension TensorInfo {
  /// Whether no forward reads the tensor. Some bundles keep such tensors and others do not.
  fileprivate var isLeftover: Bool { name.string.hasPrefix(unusedPrefix) }
}

extension WeightsError.Code {
  /// The two sides are not of one model.
  public static let diffFamilies = Self("diff.families")
}
