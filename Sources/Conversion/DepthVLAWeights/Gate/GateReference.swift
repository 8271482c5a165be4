public import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
import DVLAFiles
import DVLAQuantization
public import DVLARemapping

/// The reference of a gate: a bundle, or the checkpoints that the candidate was made from, which
/// become a bundle at the precision of their own for as long as it is needed.
public final class GateReference {
  public let bundle: WeightBundle
  /// In words, for reports: what the user gave.
  public let path: String
  /// Whether the bundle stands for checkpoints.
  public var isOfCheckpoints: Bool { folder != nil }
  private let folder: AtomicOutputDirectory?

  /// - Parameters:
  ///   - paths: one bundle, or every checkpoint that the candidate was made from.
  ///   - given: files that checkpoints have not beside their weights.
  ///   - work: a folder for the bundle of checkpoints, as large as they are.
  /// - Throws: `gate.reference` for a bundle among several paths; as ``BundleComparison``'s sources
  ///   and ``Conversion``; `file.*`.
  public init(
    _ paths: [String], of candidate: WeightBundle, library: ManifestLibrary,
    given: [AssetChoice.Given] = [], work: String, threads: Int,
    progress: @escaping WorkProgress.Handler = { _ in }
  ) throws(WeightsError) {
    path = paths.joined(separator: ", ")
    var bundles: [String] = []
    for path in paths where try WeightBundle.isBundle(path: path) { bundles.append(path) }
    if let first = bundles.first {
      guard paths.count == 1 else {
        throw WeightsError(
          .gateReference, .usage, file: first,
          "is a bundle; expected it alone, or only checkpoints")
      }
      bundle = try WeightBundle(path: first, check: .digest)
      folder = nil
      return
    }
    let record = try BundleRecord(candidate)
    let sources = try BundleComparison.sources(at: paths, of: candidate, library: library)
    var options = try record.options(threads: threads)
    options.recipe = .preset(.source)
    options.packing = .store
    options.assets.takesFound = true
    options.assets.given = given
    options.isRehearsed = true
    options.recordedProcessing = nil
    let conversion = try Conversion(
      sources: try record.ordered(sources, library: library), options: options, library: library)
    let folder = try AtomicOutputDirectory(path: work + "/depthvla-reference", overwrite: true)
    let result = try conversion.write(
      to: folder.temporaryPath + "/reference.dvla.safetensors", progress: progress)
    bundle = try WeightBundle(path: result.path, check: .digest)
    self.folder = folder
  }

  deinit { folder?.discard() }
}

extension WeightsError.Code {
  /// A bundle among several references.
  public static let gateReference = Self("gate.reference")
}
