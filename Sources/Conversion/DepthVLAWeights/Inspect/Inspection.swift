public import DVLABundles
public import DVLADiagnostics
import DVLAFiles
import DVLAHashing
public import DVLAJSON
public import DVLAQuantization
public import DVLARemapping
import DVLASafetensors
public import DVLATensors

/// What a checkpoint or a bundle is and holds.
public struct Inspection: Sendable {
  public enum Kind: String, Sendable {
    case checkpoint
    case bundle
  }

  public struct File: Sendable {
    public let name: String
    public let byteCount: Int
  }

  public struct Asset: Sendable {
    public let name: String
    public let role: BundleAsset.Role
    public let byteCount: Int
  }

  public let path: String
  public let kind: Kind
  /// nil where the tensors are of no known model.
  public let family: String?
  /// The naming of a checkpoint.
  public let naming: String?
  /// What stands around the naming's names in a checkpoint.
  public let wrapping: NameWrapping
  /// Tensors of a checkpoint that are no part of the model, and why, by reason.
  public let aside: [(reason: String, count: Int)]
  /// Published variants that it fits.
  public let variants: [String]
  public let configuration: Configuration
  public let files: [File]
  public let tensors: [TensorInfo]
  /// The files that travel with the tensors, or would if the checkpoint were converted.
  public let assets: [Asset]
  /// Why the family is not known, or what is wrong with the tensors of the family.
  public let problem: WeightsError?
  /// What is odd about the files and yet no error.
  public let remarks: [WeightsError]
  /// What became of every key of the documents beside the weights, or would if the checkpoint were
  /// converted.
  public let documents: DocumentLedger
  /// What became of every tensor of each source, as a bundle keeps it, or would; nil where that is
  /// not known.
  public let ledger: JSONValue?
  /// The identity of a bundle, in hexadecimal.
  public let root: String?
  /// What a bundle says it was made with and from, and what conversion cost each tensor.
  public let provenance: JSONValue?
  public let losses: [(name: TensorName, error: QuantizationError)]

  /// Elements of all tensors; in a bundle without those of quantization scales.
  public let parameterCount: Int

  public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  /// Elements and bytes by type, most bytes first.
  public var dtypes: [(dtype: DType, tensorCount: Int, parameterCount: Int, byteCount: Int)] {
    Dictionary(grouping: tensors, by: \.dtype).map { dtype, group in
      (
        dtype, group.count, group.reduce(0) { $0 + $1.shape.elementCount },
        group.reduce(0) { $0 + $1.byteCount }
      )
    }.sorted { ($0.3, $0.0.rawValue) > ($1.3, $1.0.rawValue) }
  }
}

extension Inspection {
  /// - Parameters:
  ///   - config: takes the place of the `config.json` beside a checkpoint's weights.
  ///   - prefix: of several copies of a model in a checkpoint, the one whose names begin so.
  /// - Throws: what opening throws; what is wrong with the tensors of a model is not thrown but
  ///   stands in ``problem``.
  public init(
    path: String, library: ManifestLibrary, settings: Configuration, config: JSONValue? = nil,
    prefix: String? = nil
  ) throws(WeightsError) {
    if try WeightBundle.isBundle(path: path) {
      guard prefix == nil else {
        throw WeightsError(
          .remapPrefix, .usage, file: path, "is a bundle, which has no names to choose of")
      }
      try self.init(try WeightBundle(path: path))
    } else {
      try self.init(try Checkpoint(path: path), library, settings, config, prefix)
    }
  }

  private init(_ bundle: WeightBundle) throws(WeightsError) {
    path = bundle.path
    kind = .bundle
    family = bundle.documents.family
    naming = nil
    wrapping = NameWrapping()
    aside = []
    variants = []
    do {
      configuration = try Configuration(
        json: bundle.documents.configuration, origin: "the bundle")
    } catch { throw error.inFile(bundle.path) }
    files = [File(name: bundle.path.lastPathComponent, byteCount: bundle.byteCount)]
    tensors = bundle.tensors
    assets = bundle.assets.map { Asset(name: $0.name, role: $0.role, byteCount: $0.byteCount) }
    problem = nil
    remarks = []
    root = bundle.root.hex
    provenance = bundle.documents.provenance
    ledger = bundle.documents.ledger
    do { documents = try DocumentLedger(provenance: bundle.documents.provenance) } catch {
      throw error.inFile(bundle.path)
    }
    var losses: [(name: TensorName, error: QuantizationError)] = []
    for tensor in bundle.bundleTensors {
      guard let error = tensor.quantization?.object?["error"] else { continue }
      do throws(WeightsError) {
        losses.append((tensor.name, try QuantizationError(JSONReader(error, path: "error"))))
      } catch { throw error.inFile(bundle.path).inTensor(tensor.name.string) }
    }
    self.losses = losses
    let names = Set(tensors.map(\.name))
    parameterCount = tensors.reduce(0) { sum, tensor in
      tensor.isScale(among: names) ? sum : sum + tensor.shape.elementCount
    }
  }

  private init(
    _ checkpoint: Checkpoint, _ library: ManifestLibrary, _ settings: Configuration,
    _ config: JSONValue?, _ prefix: String?
  ) throws(WeightsError) {
    path = checkpoint.path
    kind = .checkpoint
    files = checkpoint.files.map {
      File(name: $0.file.path.lastPathComponent, byteCount: $0.file.byteCount)
    }
    tensors = checkpoint.tensors
    var parameterCount = tensors.reduce(0) { $0 + $1.shape.elementCount }
    var recognition: Recognition?
    var plan: RemapPlan?
    var problem: WeightsError?
    var notes: [String] = []
    do throws(WeightsError) {
      let config = config.map { ("config.json", $0) } ?? checkpoint.config
      let quantization = try SourceQuantization(checkpoint, config: config)
      parameterCount = quantization.tensors.reduce(0) { $0 + $1.shape.elementCount }
      notes = quantization.notes
      let found = try library.recognise(
        quantization.tensors, config: config?.value, prefix: prefix)
      recognition = found
      try quantization.checkDocument()
      plan = try RemapPlanner(
        library: library, family: found.family,
        sources: [RemapPlanner.Source(label: checkpoint.path, recognition: found)],
        given: settings
      ).plan()
    } catch { problem = error }
    self.problem = problem
    self.parameterCount = parameterCount
    var remarks: [WeightsError]
    var rows: [DocumentLedger.Row] = []
    if let account = recognition?.config?.account {
      rows.append(DocumentLedger.Row(source: 0, account: account))
    }
    if let family = recognition?.family {
      let found = try Self.assets(of: checkpoint, family, library)
      (assets, remarks) = (found.assets, found.remarks)
      if let record = try TrainerRecord.account(beside: checkpoint, of: family, library) {
        rows.append(DocumentLedger.Row(source: 0, account: record))
      }
      rows += found.rows
    } else {
      (assets, remarks) = ([], checkpoint.remarks)
    }
    self.remarks = remarks + notes.map { WeightsError(.quantizationScheme, $0) }
    documents = DocumentLedger(rows: rows)
    ledger = plan.map { plan in
      .array([
        .array(plan.ledger.map { $0.json(file: checkpoint.filePosition(of: $0.tensor.name)) })
      ])
    }
    root = nil
    provenance = nil
    losses = []
    family = recognition?.family
    naming = recognition?.naming
    wrapping = recognition?.wrapping ?? NameWrapping()
    aside = recognition?.asideByReason ?? []
    variants = plan?.variants ?? []
    configuration = plan?.configuration ?? recognition?.stated ?? Configuration()
  }
}

extension Inspection {
  /// The assets beside the weights, and what is odd about the files: also why a conversion would
  /// not take one as it is.
  private static func assets(
    of checkpoint: Checkpoint, _ family: String, _ library: ManifestLibrary
  ) throws(WeightsError) -> (
    assets: [Asset], remarks: [WeightsError], rows: [DocumentLedger.Row]
  ) {
    let search = try AssetSearch(checkpoint, family: family, families: library.families)
    let found = search.found
    var problems: [WeightsError] = []
    do throws(WeightsError) { try AssetChoice.requireSingle(found) } catch { problems = [error] }
    var assets: [Asset] = []
    var rows: [DocumentLedger.Row] = []
    for file in found {
      do throws(WeightsError) {
        let asset = try file.open()
        let plan = asset.plan
        assets.append(Asset(name: plan.name, role: plan.role, byteCount: plan.byteCount))
        rows += try DocumentLedger([], assets: [asset], library: library).rows
      } catch { problems.append(error) }
    }
    let notes = search.notes.map { WeightsError(.convertAssets, .usage, $0) }
    return (
      assets, checkpoint.remarks(without: Set(found.map(\.source))) + notes + problems, rows
    )
  }
}

extension Checkpoint {
  /// Index of the file that has the tensor.
  func filePosition(of name: TensorName) -> Int {
    let path = file(of: name)?.file.path
    return files.firstIndex { $0.file.path == path } ?? 0
  }
}

extension TensorInfo {
  /// Whether it holds the scales of another tensor of the bundle.
  func isScale(among names: Set<TensorName>) -> Bool {
    name.valuesOfScales.map(names.contains) ?? false
  }
}

extension String {
  /// What follows the last slash that is not at the end.
  var lastPathComponent: String {
    split(separator: "/").last.map(String.init) ?? self
  }
}
