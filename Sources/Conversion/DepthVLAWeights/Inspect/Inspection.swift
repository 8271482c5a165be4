public import DVLABundles
public import DVLADiagnostics
import DVLAFiles
import DVLAHashing
public import DVLAJSON
import DVLAPipelines
public import DVLAQuantization
public import DVLARemapping
public import DVLARobots
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
  /// What surrounds the naming's names in a checkpoint.
  public let wrapping: NameWrapping
  /// Tensors of a checkpoint that are not part of the model, counted by the reason.
  public let aside: [(reason: String, count: Int)]
  /// Published variants that it fits.
  public let variants: [String]
  public let configuration: Configuration
  public let files: [File]
  public let tensors: [TensorInfo]
  /// The files that travel with the tensors, or would if the checkpoint were converted.
  public let assets: [Asset]
  /// The robot among them; nil without one.
  public let robot: Robot?
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
  /// Opens a checkpoint or a bundle, and looks at its headers and at the documents beside it.
  ///
  /// - Parameters:
  ///   - config: takes the place of the `config.json` beside a checkpoint's weights.
  ///   - prefix: of several copies of a model in a checkpoint, the one whose names begin so.
  /// - Throws: what opening throws. What is wrong with the tensors of a model is not thrown; it is
  ///   the ``problem``.
  public static func inspect(
    _ path: String, library: ManifestLibrary, settings: Configuration, config: JSONValue? = nil,
    prefix: String? = nil
  ) throws(WeightsError) -> Inspection {
    guard try WeightBundle.isBundle(path: path) else {
      return try inspect(try Checkpoint(path: path), library, settings, config, prefix)
    }
    guard prefix == nil else {
      throw WeightsError(
        .remapPrefix, .usage, file: path, "is a bundle, which holds one model; expected no prefix")
    }
    let bundle = try WeightBundle(path: path)
    return try inFile(bundle.path) { () throws(WeightsError) in try inspect(bundle) }
  }

  private static func inspect(_ bundle: WeightBundle) throws(WeightsError) -> Inspection {
    let configuration = try Configuration(
      json: bundle.documents.configuration, origin: "the bundle")
    let documents = try DocumentLedger(provenance: bundle.documents.provenance)
    var losses: [(name: TensorName, error: QuantizationError)] = []
    for tensor in bundle.bundleTensors {
      guard let error = tensor.quantization?.object?["error"] else { continue }
      do throws(WeightsError) {
        losses.append((tensor.name, try QuantizationError(JSONReader(error, path: "error"))))
      } catch { throw error.inTensor(tensor.name.string) }
    }
    let names = Set(bundle.tensors.map(\.name))
    var robot: Robot?
    var problem: WeightsError?
    do throws(WeightsError) { robot = try bundle.robot() } catch { problem = error }
    return Inspection(
      path: bundle.path, kind: .bundle, family: bundle.documents.family, naming: nil,
      wrapping: NameWrapping(), aside: [], variants: [], configuration: configuration,
      files: [File(name: bundle.path.lastPathComponent, byteCount: bundle.byteCount)],
      tensors: bundle.tensors,
      assets: bundle.assets.map { Asset(name: $0.name, role: $0.role, byteCount: $0.byteCount) },
      robot: robot, problem: problem, remarks: [], documents: documents,
      ledger: bundle.documents.ledger,
      root: bundle.root.hex, provenance: bundle.documents.provenance, losses: losses,
      parameterCount: bundle.tensors.reduce(0) { sum, tensor in
        tensor.isScale(among: names) ? sum : sum + tensor.shape.elementCount
      })
  }

  private static func inspect(
    _ checkpoint: Checkpoint, _ library: ManifestLibrary, _ settings: Configuration,
    _ config: JSONValue?, _ prefix: String?
  ) throws(WeightsError) -> Inspection {
    var weights = checkpoint.tensors
    var recognition: Recognition?
    var plan: RemapPlan?
    var problem: WeightsError?
    var notes: [String] = []
    do throws(WeightsError) {
      let config = config.map { ("config.json", $0) } ?? checkpoint.config
      let quantization = try SourceQuantization(checkpoint, config: config)
      weights = quantization.tensors
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
    var assets: [Asset] = []
    var robot: Robot?
    var remarks = checkpoint.remarks
    var rows: [DocumentLedger.Row] = []
    if let account = recognition?.config?.account {
      rows.append(DocumentLedger.Row(source: 0, account: account))
    }
    if let family = recognition?.family {
      let found = try Self.assets(of: checkpoint, family, library)
      (assets, robot, remarks) = (found.assets, found.robot, found.remarks)
      if let record = try TrainerRecord.account(beside: checkpoint, of: family, library) {
        rows.append(DocumentLedger.Row(source: 0, account: record))
      }
      rows += found.rows
    }
    return Inspection(
      path: checkpoint.path, kind: .checkpoint, family: recognition?.family,
      naming: recognition?.naming, wrapping: recognition?.wrapping ?? NameWrapping(),
      aside: recognition?.asideByReason ?? [], variants: plan?.variants ?? [],
      configuration: plan?.configuration ?? recognition?.stated ?? Configuration(),
      files: checkpoint.files.map {
        File(name: $0.file.path.lastPathComponent, byteCount: $0.file.byteCount)
      }, tensors: checkpoint.tensors, assets: assets, robot: robot, problem: problem,
      remarks: remarks + notes.map { WeightsError(.quantizationScheme, $0) },
      documents: DocumentLedger(rows: rows),
      ledger: plan.map { plan in
        .array([
          .array(plan.ledger.map { $0.json(file: checkpoint.filePosition(of: $0.tensor.name)) })
        ])
      }, root: nil, provenance: nil, losses: [],
      parameterCount: weights.reduce(0) { $0 + $1.shape.elementCount })
  }
}

extension Inspection {
  /// The assets beside the weights, and what is odd about the files: also why a conversion would
  /// not take one as it is.
  private static func assets(
    of checkpoint: Checkpoint, _ family: String, _ library: ManifestLibrary
  ) throws(WeightsError) -> (
    assets: [Asset], robot: Robot?, remarks: [WeightsError], rows: [DocumentLedger.Row]
  ) {
    let search = try AssetSearch(checkpoint, family: family, families: library.families)
    let found = search.found
    var problems: [WeightsError] = []
    do throws(WeightsError) { try AssetChoice.requireSingle(found) } catch { problems = [error] }
    var assets: [Asset] = []
    var robot: Robot?
    var rows: [DocumentLedger.Row] = []
    for file in found {
      do throws(WeightsError) {
        let asset = try file.open()
        let plan = asset.plan
        assets.append(Asset(name: plan.name, role: plan.role, byteCount: plan.byteCount))
        if plan.role == .robot { robot = try Robot(contents: asset.bytes()) }
        rows += try DocumentLedger([], assets: [asset], library: library).rows
      } catch { problems.append(error) }
    }
    let notes = search.notes.map { WeightsError(.convertAssets, .usage, $0) }
    return (
      assets, robot, checkpoint.remarks(without: Set(found.map(\.source))) + notes + problems, rows
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
