import DVLABundles
public import DVLADiagnostics
import DVLAFiles
import DVLAKernels
import DVLAParallelism
public import DVLAQuantization
public import DVLARemapping
import DVLASafetensors
public import DVLATensors

/// How two checkpoints or bundles differ, tensor by tensor.
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
  /// model, so that it is unclear which files are its own.
  public let assets: [AssetRow]?
  /// Keys of the configurations that differ; nil where the configuration of a side is not known.
  public let settings: [SettingRow]?

  /// Whether a model of one side is not that of the other: a tensor, an asset or a setting.
  public var isEmpty: Bool {
    differing.isEmpty && differingAssets.isEmpty && (settings ?? []).isEmpty
  }

  /// Tensors that are not there, or not the same values, on both sides.
  public var differing: [Row] {
    rows.filter { row in
      switch row.outcome {
      case .equal, .sameValues: false
      default: true
      }
    }
  }

  /// Compares two checkpoints or bundles, every element of every tensor.
  ///
  /// - Parameters:
  ///   - settings: what neither checkpoint says of its configuration.
  ///   - outputs: files that the caller is about to write.
  /// - Throws: `diff.families` when the two are of different families; `output.is-input` when an
  ///   output is a file of either; `file.changed` when a
  ///   checkpoint was written to meanwhile; what opening, recognising and reading throw; `bundle.*`
  ///   where an asset is damaged.
  public static func compare(
    _ first: String, _ second: String, library: ManifestLibrary, settings: Configuration,
    protecting outputs: [String?] = [], threads: Int,
    progress: @escaping WorkProgress.Handler = { _ in }
  ) throws(WeightsError) -> Difference {
    let inputs = (try DiffInput(first, library), try DiffInput(second, library))
    let (naming, a, b) = try sides((first, inputs.0), (second, inputs.1), library, settings)
    for output in outputs.compactMap(\.self) {
      try InputProtection.check(output, against: a.inputs + b.inputs)
    }
    let assets = compare(a.assets, b.assets)
    let differingSettings = compare(
      try inputs.0.configuration(library, settings),
      try inputs.1.configuration(library, settings),
      includesProcessing: inputs.0.isBundle && inputs.1.isBundle)
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
    let outcomes = try TensorPairs(pairs, a, b).outcomes(threads: threads, progress: progress)
    rows += zip(pairs, outcomes).map { Row(name: $0.0.name, outcome: $1) }
    try a.checkUnchanged()
    try b.checkUnchanged()
    return Difference(
      naming: naming, rows: rows, assets: assets, settings: differingSettings)
  }

  private static func sides(
    _ first: (path: String, input: DiffInput), _ second: (path: String, input: DiffInput),
    _ library: ManifestLibrary, _ settings: Configuration
  ) throws(WeightsError) -> (String, DiffSide, DiffSide) {
    let (a, b) = (first.input, second.input)
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
    let family = try a.family(first.path)
    let other = try b.family(second.path)
    guard family == other else {
      throw WeightsError(
        .diffFamilies, .usage,
        "cannot compare \(first.path.escapedForTerminal) (\(family)) with "
          + "\(second.path.escapedForTerminal) (\(other)): they are different models")
    }
    return (
      "\(family) layout names", try a.side(library, settings), try b.side(library, settings)
    )
  }
}

extension Difference {
  public enum AssetOutcome: String, Sendable {
    case equal
    case onlyInFirst = "only-in-first"
    case onlyInSecond = "only-in-second"
    case otherBytes = "other-bytes"
    /// The same bytes, which one side says are for something else.
    case otherRole = "other-role"
  }

  public struct AssetRow: Sendable {
    public let name: String
    public let outcome: AssetOutcome
  }

  /// Assets that are not there, or not the same, on both sides.
  public var differingAssets: [AssetRow] { (assets ?? []).filter { $0.outcome != .equal } }

  private static func compare(_ a: [DiffAsset]?, _ b: [DiffAsset]?) -> [AssetRow]? {
    guard let a, let b else { return nil }
    var rows = a.map { asset in
      guard let other = b.first(where: { $0.name == asset.name }) else {
        return AssetRow(name: asset.name, outcome: .onlyInFirst)
      }
      let outcome: AssetOutcome =
        if asset.sha256 != other.sha256 { .otherBytes } else if asset.role != other.role {
          .otherRole
        } else { .equal }
      return AssetRow(name: asset.name, outcome: outcome)
    }
    for asset in b where !a.contains(where: { $0.name == asset.name }) {
      rows.append(AssetRow(name: asset.name, outcome: .onlyInSecond))
    }
    return rows
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
