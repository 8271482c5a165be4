import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLARemapping
import DVLASafetensors
import DVLATensors

/// What a path turned out to be.
enum DiffInput {
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
          .diffFamilies, file: path,
          "is not a known model, so it can only be compared with a checkpoint")
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

/// One side of a comparison: tensors under names that the other side shares.
struct DiffSide: Sendable {
  let path: String
  let tensors: [TensorInfo]
  /// Nil for a checkpoint of no known model: what lies beside it may belong to anything.
  let assets: [DiffAsset]?
  private let content: [TensorName: Content]
  /// Nil for a bundle, whose chunks are checked as they are read.
  private let checkpoint: Checkpoint?

  private enum Content: Sendable {
    case stored(any TensorSource)
    case transformed(PlannedTensor, any TensorSource)
  }

  /// The bundle's tensors, quantized ones as F32.
  init(_ bundle: WeightBundle) throws(WeightsError) {
    let source = try FullPrecisionBundle(bundle)
    path = bundle.path
    checkpoint = nil
    tensors = source.tensors
    assets = try DiffAsset.assets(of: bundle)
    content = Dictionary(
      source.tensors.map { ($0.name, .stored(source)) }, uniquingKeysWith: { first, _ in first })
  }

  /// The checkpoint's tensors under their own names.
  init(_ checkpoint: Checkpoint, assets: [DiffAsset]?) {
    path = checkpoint.path
    self.checkpoint = checkpoint
    tensors = checkpoint.tensors
    self.assets = assets
    content = Dictionary(
      checkpoint.tensors.map { ($0.name, .stored(checkpoint)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The checkpoint's tensors under the names of the layout, quantized ones as F32.
  ///
  /// - Throws: `quantization.scheme`.
  init(
    _ checkpoint: Checkpoint, _ quantization: SourceQuantization, plan: RemapPlan,
    assets: [DiffAsset]?
  ) throws(WeightsError) {
    path = checkpoint.path
    self.checkpoint = checkpoint
    let source: any TensorSource =
      quantization.scales.isEmpty
      ? checkpoint : try DequantizedCheckpoint(checkpoint, quantization, rounding: .f32)
    var tensors: [TensorInfo] = []
    var content: [TensorName: Content] = [:]
    for planned in plan.tensors {
      guard case .source(_, let inputs, _, _) = planned.origin,
        let input = inputs.first.flatMap({ source.info(of: $0) }),
        let info = TensorInfo(name: planned.name, dtype: input.dtype, shape: planned.shape)
      else { continue }
      tensors.append(info)
      content[planned.name] = .transformed(planned, source)
    }
    self.tensors = tensors
    self.assets = assets
    self.content = content
  }

  /// - Throws: `file.changed` when a file of a checkpoint was written to since it was opened.
  func checkUnchanged() throws(WeightsError) { try checkpoint?.checkUnchanged() }

  /// The files that it is read from.
  var inputs: [String] {
    guard let checkpoint else { return [path] }
    return checkpoint.files.map(\.file.path) + (checkpoint.config.map { [$0.path] } ?? [])
      + (assets ?? []).compactMap(\.file)
  }

  /// A reader of elements of the tensor, in its own type.
  func reader(of info: TensorInfo) throws(WeightsError) -> TensorReader {
    switch content[info.name] {
    case .stored(let source):
      try TensorReader([info.name], of: source, .identity(info.shape), output: 0)
    case .transformed(let planned, let source):
      try TensorReader(planned, sources: [source], seed: 0)
    case nil:
      throw WeightsError(.unknownTensor, file: path, tensor: info.name.string, "no such tensor")
    }
  }
}

/// A file that travels with the tensors of one side, or lies beside them.
struct DiffAsset: Sendable {
  let name: String
  let role: BundleAsset.Role
  let sha256: Digest
  /// Where it is; nil inside a bundle.
  let file: String?

  /// Each is read, because a header cannot say whether bytes are damaged.
  ///
  /// - Throws: as ``WeightBundle/bytes(of:)``.
  static func assets(of bundle: WeightBundle) throws(WeightsError) -> [DiffAsset] {
    var assets: [DiffAsset] = []
    for asset in bundle.assets {
      let bytes = try bundle.bytes(of: asset)
      assets.append(
        DiffAsset(
          name: asset.name, role: asset.role, sha256: SHA256.hash(bytes), file: nil))
    }
    return assets
  }

  /// What a conversion would look at; nil for a checkpoint of no known model.
  ///
  /// - Throws: `file.*`.
  static func assets(
    beside checkpoint: Checkpoint, _ recognition: Recognition?, _ library: ManifestLibrary
  ) throws(WeightsError) -> [DiffAsset]? {
    guard let recognition else { return nil }
    let found = try AssetSearch(
      checkpoint, family: recognition.family, families: library.families
    ).found
    let counts = Dictionary(found.map { ($0.name, 1) }, uniquingKeysWith: +)
    var assets: [DiffAsset] = []
    for file in found {
      // Several data sets have a file of the same name each, which only its folder distinguishes.
      let name = counts[file.name] == 1 ? file.name : file.family + "." + file.source
      assets.append(
        DiffAsset(
          name: name, role: file.role, sha256: SHA256.hash(try file.bytes()), file: file.path))
    }
    return assets
  }
}
