public import BundleFormat
public import Diagnostics
import FileAccess
import Hashing
public import Quantization
public import Remapping
import Safetensors
public import StrictJSON
public import TensorCore

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
  /// - Throws: what opening throws; what is wrong with the tensors of a model is not thrown but
  ///   stands in ``problem``.
  public init(
    path: String, library: ManifestLibrary, settings: Configuration
  ) throws(WeightsError) {
    if try Bundle.isBundle(path: path) {
      try self.init(try Bundle(path: path))
    } else {
      try self.init(try Checkpoint(path: path), library, settings)
    }
  }

  private init(_ bundle: Bundle) throws(WeightsError) {
    path = bundle.path
    kind = .bundle
    family = bundle.documents.family
    naming = nil
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
    _ checkpoint: Checkpoint, _ library: ManifestLibrary, _ settings: Configuration
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
      let quantization = try SourceQuantization(checkpoint)
      parameterCount = quantization.tensors.reduce(0) { $0 + $1.shape.elementCount }
      notes = quantization.notes
      let found = try library.recognise(quantization.tensors, config: checkpoint.config?.value)
      recognition = found
      try quantization.checkDocument(of: checkpoint)
      plan = try RemapPlanner(
        library: library, family: found.family,
        sources: [RemapPlanner.Source(label: checkpoint.path, recognition: found)],
        given: settings
      ).plan()
    } catch { problem = error }
    self.problem = problem
    self.parameterCount = parameterCount
    var remarks: [WeightsError]
    if let family = recognition?.family {
      (assets, remarks) = try Self.assets(of: checkpoint, family, library)
    } else {
      (assets, remarks) = ([], checkpoint.remarks)
    }
    remarks += notes.map { WeightsError(.quantizationScheme, $0) }
    self.remarks = remarks
    root = nil
    provenance = nil
    losses = []
    family = recognition?.family
    naming = recognition?.naming
    variants = plan?.variants ?? []
    configuration = plan?.configuration ?? recognition?.stated ?? Configuration()
  }
}

extension Inspection {
  /// The assets beside the weights, and what is odd about the files: also why a conversion would
  /// not take one as it is.
  private static func assets(
    of checkpoint: Checkpoint, _ family: String, _ library: ManifestLibrary
  ) throws(WeightsError) -> ([Asset], [WeightsError]) {
    let search = try AssetSearch(checkpoint, family: family, families: library.families)
    let found = search.found
    var problems: [WeightsError] = []
    do throws(WeightsError) { try AssetChoice.requireSingle(found) } catch { problems = [error] }
    var assets: [Asset] = []
    for file in found {
      do throws(WeightsError) {
        let plan = try file.open().plan
        assets.append(Asset(name: plan.name, role: plan.role, byteCount: plan.byteCount))
      } catch { problems.append(error) }
    }
    let notes = search.notes.map { WeightsError(.convertAssets, .usage, $0) }
    return (assets, checkpoint.remarks(without: Set(found.map(\.source))) + notes + problems)
  }
}

extension TensorInfo {
  /// Whether it holds the scales of another tensor of the bundle.
  func isScale(among names: Set<TensorName>) -> Bool {
    name.string.hasSuffix("_scale") && names.contains(TensorName(String(name.string.dropLast(6))))
  }
}

extension String {
  /// What follows the last slash that is not at the end.
  var lastPathComponent: String {
    split(separator: "/").last.map(String.init) ?? self
  }
}
